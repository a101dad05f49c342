"""Which tasks of which kind a worker takes, over a real Redis."""

from __future__ import annotations

import redis
from task_lab import Lab, make_task, make_worker

from voxq.tasks import queueing, script
from voxq.tasks.task import Kind, Lane, Task, TtsOptions
from voxq.worker.claims import Claims
from voxq.worker.redis_line import RedisLine


def submit(lab: Lab, kind: Kind, lane: Lane = Lane.SHORT) -> Task:
    options = {"options": TtsOptions("Hello.", "heart", "hibari")} if kind is Kind.TTS else {}
    task = lab.accept(make_task(kind=kind, lane=lane, **options))
    assert script.run(lab.client, queueing.enqueue(lab.parts.stores[kind], task)).answer == "queued"
    return task


def claims_of(lab: Lab) -> Claims:
    return Claims(lab.parts.stores, lab.client, RedisLine(lab.client, 1), make_worker())


def test_kinds_take_turns_when_there_is_one_slot(tmp_path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    for kind in [Kind.ASR] * 4 + [Kind.TTS] * 4:
        submit(lab, kind)
    taken = [claims.take([], 1, {}, {}) or [] for _ in range(6)]
    assert [len(each) for each in taken] == [1] * 6
    kinds = [each[0].kind for each in taken]
    assert kinds in ([Kind.ASR, Kind.TTS] * 3, [Kind.TTS, Kind.ASR] * 3)


def test_a_better_lane_comes_first_whatever_its_kind(tmp_path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    worst = submit(lab, Kind.ASR, Lane.LONG)
    short = submit(lab, Kind.TTS, Lane.SHORT)
    best = submit(lab, Kind.ASR, Lane.HIGH)
    order = [claimed.task_id for _ in range(3) for claimed in claims.take([], 1, {}, {}) or []]
    assert order == [best.id, short.id, worst.id]


def test_what_is_held_of_one_kind_leaves_less_for_the_other(tmp_path, client: redis.Redis) -> None:
    """Three slots: one is for the high lane only, one more not for long."""
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    for _ in range(3):
        submit(lab, Kind.TTS, Lane.LONG)
    assert len(claims.take([(Kind.ASR, Lane.LONG)], 3, {}, {}) or []) == 0
    assert len(claims.take([], 3, {}, {}) or []) == 1
    submit(lab, Kind.ASR)
    assert [each.kind for each in claims.take([(Kind.TTS, Lane.LONG)], 3, {}, {}) or []] == [Kind.ASR]
