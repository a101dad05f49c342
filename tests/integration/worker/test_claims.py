"""Choice of the tasks that a worker takes, over a real Redis."""

from __future__ import annotations

import redis
from task_lab import Lab, make_task, make_worker

from voxq.core.task import Lane, Task
from voxq.kinds.speech import SpeechOptions
from voxq.queue import enqueueing, script
from voxq.queue.claiming import Claimed
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.redis_link import RedisLink

BOTH: dict[str, tuple[str, ...]] = {"asr": (), "tts": ()}
"""Models by kind, of a worker that serves both."""


def submit(lab: Lab, kind: str, lane: Lane = Lane.SHORT) -> Task:
    options = {"options": SpeechOptions("heart", "hibari")} if kind == "tts" else {}
    task = lab.accept(make_task(kind=kind, lane=lane, **options))
    assert script.run(lab.client, enqueueing.enqueue(lab.parts.stores[kind], task)).answer == "queued"
    return task


def claims_of(lab: Lab) -> Claims:
    return Claims(lab.parts.stores, lab.client, RedisLink(lab.client, 1), make_worker())


def taken_by(claims: Claims, *held: tuple[str, Lane], slots: int = 1) -> tuple[Claimed, ...]:
    catch = claims.take(held, slots, BOTH, {})
    assert catch is not None
    return catch.claimed


def test_kinds_take_turns_for_a_single_slot(tmp_path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    for kind in ["asr"] * 4 + ["tts"] * 4:
        submit(lab, kind)
    taken = [taken_by(claims) for _ in range(6)]
    assert [len(each) for each in taken] == [1] * 6
    kinds = [each[0].kind for each in taken]
    assert kinds in (["asr", "tts"] * 3, ["tts", "asr"] * 3)


def test_a_higher_lane_comes_first_for_any_kind(tmp_path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    worst = submit(lab, "asr", Lane.LONG)
    short = submit(lab, "tts", Lane.SHORT)
    best = submit(lab, "asr", Lane.HIGH)
    order = [claimed.task_id for _ in range(3) for claimed in taken_by(claims)]
    assert order == [best.id, short.id, worst.id]


def test_tasks_of_one_kind_leave_fewer_slots_for_the_other(tmp_path, client: redis.Redis) -> None:
    """There are three slots: one is for the high lane only, another is not for the long lane."""
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    for _ in range(3):
        submit(lab, "tts", Lane.LONG)
    assert len(taken_by(claims, ("asr", Lane.LONG), slots=3)) == 0
    assert len(taken_by(claims, slots=3)) == 1
    submit(lab, "asr")
    assert [each.kind for each in taken_by(claims, ("tts", Lane.LONG), slots=3)] == ["asr"]


def test_a_claim_reports_what_is_left_in_the_lanes(tmp_path, client: redis.Redis) -> None:
    """Otherwise a worker could not know that asking again is useless."""
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    for kind in ("asr", "asr", "tts"):
        submit(lab, kind)
    catches = [claims.take([], 1, BOTH, {}) for _ in range(4)]
    assert [(len(catch.claimed), catch.left) for catch in catches if catch] == [
        (1, 2),
        (1, 1),
        (1, 0),
        (0, 0),
    ]


def test_tasks_of_the_same_kind_again_take_one_trip_to_redis(tmp_path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    submit(lab, "tts")
    taken_by(claims)
    submit(lab, "tts")
    before = reads(client)
    [claimed] = taken_by(claims)
    assert claimed.kind == "tts"
    assert reads(client) - before == 1 + 1, "the second is the question itself"


def reads(client: redis.Redis) -> int:
    """Return how often the server has read from its clients."""
    return client.info("stats")["total_reads_processed"]


def test_a_worker_takes_only_tasks_of_the_kinds_that_it_serves(tmp_path, client: redis.Redis) -> None:
    lab = Lab(tmp_path, client)
    claims = claims_of(lab)
    text = submit(lab, "tts")
    submit(lab, "asr")
    for served, taken in (({}, []), ({"tts": ()}, [text.id]), ({"tts": ()}, [])):
        catch = claims.take([], 4, served, {})
        assert catch is not None
        assert [each.task_id for each in catch.claimed] == taken
