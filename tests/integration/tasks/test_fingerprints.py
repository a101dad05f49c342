"""Repeated requests: which task they join, which result they get, and when a task is abandoned."""

from __future__ import annotations

import hashlib

import pytest
import redis
from task_lab import Lab, cancelled, done, failed, make_worker

from voxq.core.options import Options
from voxq.core.task import Task
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import fingerprints
from voxq.queue.fingerprints import LEASE_SECONDS, RENEW_SECONDS, EarlierTask

PRINT = "f" * 64


def adopted(lab: Lab, *, leased: bool = True) -> Task:
    task = lab.submit()
    lab.run(fingerprints.adopt(lab.store, PRINT, task.id, leased=leased))
    return task


def look(lab: Lab, *, join: bool = True) -> EarlierTask | None:
    return lab.run(fingerprints.look(lab.store, PRINT, join=join))


def lease_left(lab: Lab, client: redis.Redis, task: Task) -> float | None:
    ends = client.zscore(lab.store.leases_key, task.id)
    return None if ends is None else ends - client.time()[0]  # pyright: ignore[reportIndexIssue]


def shorten(lab: Lab, client: redis.Redis, task: Task, left: float) -> None:
    client.zadd(lab.store.leases_key, {task.id: client.time()[0] + left})  # pyright: ignore[reportIndexIssue]


def test_an_open_task_is_joined_and_a_done_one_is_a_hit(lab: Lab, client: redis.Redis) -> None:
    assert look(lab) is None
    task = adopted(lab)
    assert look(lab) == EarlierTask("joined", task.id)
    assert look(lab, join=False) is None, "there is no result yet"
    held = lab.take(make_worker())
    assert look(lab) == EarlierTask("joined", task.id), "also while it is in work"
    lab.ending.end(held.task, done())
    assert look(lab) == look(lab, join=False) == EarlierTask("hit", task.id)
    assert lease_left(lab, client, task) is None
    lab.control.forget(task.id)
    assert look(lab) is None


def test_failed_and_cancelled_tasks_are_not_cached(lab: Lab) -> None:
    for outcome in (failed(), cancelled()):
        lab.ending.end(adopted(lab), outcome)
        assert look(lab) is None


def test_a_task_without_waiting_clients_is_not_joined(lab: Lab, client: redis.Redis) -> None:
    task = adopted(lab, leased=False)
    assert look(lab) is None
    assert lease_left(lab, client, task) is None
    lab.ending.end(task, done())
    assert look(lab) == EarlierTask("hit", task.id)


def test_waiting_and_joining_keep_a_lease_alive(lab: Lab, client: redis.Redis) -> None:
    task = adopted(lab)
    for renewed in (fingerprints.renew(lab.store, task.id), fingerprints.look(lab.store, PRINT, join=True)):
        shorten(lab, client, task, 5)
        lab.run(renewed)
        left = lease_left(lab, client, task)
        assert left is not None and LEASE_SECONDS <= left <= LEASE_SECONDS + RENEW_SECONDS


def test_a_task_with_an_expired_lease_is_cancelled_and_not_joined(lab: Lab, client: redis.Redis) -> None:
    task = adopted(lab)
    assert lab.control.cancel_abandoned() == 0
    shorten(lab, client, task, -1)
    assert look(lab) is None
    assert lab.control.cancel_abandoned() == 1
    assert lab.status(task) == "cancelled"
    assert lease_left(lab, client, task) is None
    assert lab.control.cancel_abandoned() == 0


def test_without_a_lease_it_is_joined_and_runs_to_its_end(lab: Lab, client: redis.Redis) -> None:
    task = adopted(lab)
    lab.run(fingerprints.detach(lab.store, task.id))
    lab.run(fingerprints.renew(lab.store, task.id))
    assert lease_left(lab, client, task) is None
    assert look(lab) == EarlierTask("joined", task.id)
    assert lab.control.cancel_abandoned() == 0
    assert lab.status(task) == "queued"


def test_a_retried_task_is_not_abandoned(lab: Lab, client: redis.Redis) -> None:
    task = adopted(lab)
    lab.ending.end(task, failed())
    lab.control.retry(task.id, 1)
    assert lab.control.cancel_abandoned() == 0
    assert lab.status(task) == "queued"


def test_a_cached_result_is_copied_and_counted_as_no_work(lab: Lab) -> None:
    first, second = adopted(lab), lab.submit()
    assert not lab.control.answer_as(second, first.id), "it has none yet"
    lab.ending.end(first, done("guten Tag"))
    assert lab.control.answer_as(second, first.id)
    assert not lab.control.answer_as(second, first.id)
    end = lab.journal.ended(second.id, 1)
    assert end is not None
    assert (end.outcome.text, end.outcome.worker_id, end.outcome.timings.engine) == ("guten Tag", 0, 0.0)
    stats = lab.client.hgetall(lab.store.stats_key)
    assert float(stats["done"]) == 2
    assert float(stats["audio_seconds"]) == 10.0
    assert lab.queued_seconds() == 0


def test_a_fingerprint_depends_on_everything_that_changes_the_result() -> None:
    ours = ("anna", "0" * 64, "recipe", TranscriptionOptions(model="m"))
    others = [
        ("ben", *ours[1:]),
        ("anna", "1" * 64, *ours[2:]),
        (*ours[:2], "other", ours[3]),
        (*ours[:3], TranscriptionOptions(model="m", translate=True)),
    ]
    prints = {fingerprints.fingerprint_of(*each) for each in (ours, *others)}
    prints |= {fingerprints.fingerprint_of(*ours, text=text) for text in ("Hello.", "Hullo.")}
    assert len(prints) == 7
    assert fingerprints.fingerprint_of(*ours) in prints


@pytest.mark.parametrize(
    ("options", "text", "written"),
    [
        (
            TranscriptionOptions(model="m", hotwords=("Anna",), batch_size=8),
            None,
            '["anna", "00", "recipe", {"model": "m", "language": null, "hotwords": ["Anna"], "words": false, '
            '"batch_size": 8, "use_vad": true, "audio_track": null, "separate_channels": false, '
            '"chinese_script": null, '
            '"use_punc": true, "use_itn": null, "rewrite": null, "rewrite_provider": null, '
            '"rewrite_target": null, "rewrite_prompt": "", "speakers": null, "min_speakers": null, '
            '"max_speakers": null, "translate": false, "detect": false}]',
        ),
        (
            SpeechOptions("heart", speed=1.5),
            "Guten Tag.",
            '["anna", "", "recipe", {"text": "Guten Tag.", "voice": "heart", "model": null, '
            '"language": null, "speed": 1.5, "format": "wav", "sample_rate": null, "input_type": "auto", '
            '"normalise": true, "likeness": null}]',
        ),
    ],
)
def test_a_request_of_an_earlier_version_has_the_same_fingerprint(
    options: Options, text: str | None, written: str
) -> None:
    """A repeated request finds its task after an upgrade; if an option was added, the work is done once
    more."""
    sha256 = "00" if text is None else ""
    found = fingerprints.fingerprint_of("anna", sha256, "recipe", options, text=text)
    assert found == hashlib.sha256(written.encode()).hexdigest()
