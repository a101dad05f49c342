"""Acceptance of uploads as tasks, and what remains if it fails."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import redis
import redis.asyncio
from cut_wire import Wire, wire_to
from task_lab import Lab, done
from valkey_lab import PATIENCE

from voxq.core.inputs import AUDIO, Blob
from voxq.core.refusal import Refusal
from voxq.core.task import Lane, Priority
from voxq.kinds.transcription import TranscriptionOptions
from voxq.queue import connect, script
from voxq.queue.claiming import Worker
from voxq.queue.enqueueing import Place
from voxq.speech.audio import AudioError, AudioInfo
from voxq.tasks.intake import RecordingIntake, Request, Submission, Unavailable, Upload

INFO = AudioInfo("ogg", "opus", "ogg", "audio/ogg", 10.0, 48000, 1)
ANNA = Request("anna", TranscriptionOptions())


class Entrance:
    """An intake with a prepared result of its probe, as a client uses it."""

    def __init__(self, lab: Lab, client: redis.asyncio.Redis) -> None:
        self.lab = lab
        self.info: AudioInfo | AudioError = INFO
        self.probed = 0
        self.intake = RecordingIntake(
            lab.store, lab.journal, lab.parts.blobs, client, self._probe, long_seconds=300
        )

    async def _probe(self, path: Path, owner: str, track: str | None) -> AudioInfo:
        self.probed += 1
        if isinstance(self.info, AudioError):
            raise self.info
        return self.info

    def upload(self, content: bytes = b"sound") -> Upload:
        part = self.lab.parts.blobs.part(uuid4().hex)
        part.write_bytes(content)
        return Upload(part, len(content), hashlib.sha256(content).hexdigest())

    async def submit(self, request: Request = ANNA, content: bytes = b"sound") -> Submission:
        entry = await self.intake.check_entry(request.owner, request.idempotency_key)
        return await self.intake.accept(entry, self.upload(content), request)

    def assert_nothing_is_left(self) -> None:
        assert not list((self.lab.root / "incoming").iterdir())
        assert not list((self.lab.root / "recordings").iterdir())
        assert self.lab.journal.open_ids() == []
        assert self.lab.client.llen("rq:queue:asr-queue") == 0


@pytest.fixture
async def wire(client: redis.Redis) -> AsyncIterator[Wire]:
    async with wire_to(client.get_connection_kwargs()["port"]) as wire:
        yield wire


@pytest.fixture
async def entrance(lab: Lab, wire: Wire) -> AsyncIterator[Entrance]:
    # Otherwise the first command to be lost is the EVALSHA of an unknown script.
    lab.client.script_load(script.script("enqueue").text)
    async with connect.asynchronous(f"redis://127.0.0.1:{wire.port}", seconds=PATIENCE) as client:
        yield Entrance(lab, client)


async def test_an_upload_becomes_a_waiting_task(entrance: Entrance, lab: Lab) -> None:
    first = await entrance.submit()
    second = await entrance.submit(content=b"other sound")
    task = second.task
    assert (first.place, second.place) == (Place(1, 0), Place(2, 10))
    assert lab.journal.open_task(task.id) == task
    assert lab.parts.blobs.path(task.file).read_bytes() == b"other sound"
    assert (task.owner, task.size, task.duration, task.outputs) == ("anna", 11, 10.0, {})
    assert task.inputs == {AUDIO: Blob(task.file, "audio/ogg", 11, task.sha256)}
    assert task.sha256 == hashlib.sha256(b"other sound").hexdigest()
    assert not list((lab.root / "incoming").iterdir())


@pytest.mark.parametrize(
    ("priority", "duration", "lane"),
    [
        (Priority.HIGH, 5000.0, Lane.HIGH),
        (Priority.NORMAL, 300.0, Lane.SHORT),
        (Priority.NORMAL, 301.0, Lane.LONG),
        (Priority.NORMAL, None, Lane.LONG),
        (Priority.LOW, 1.0, Lane.LONG),
    ],
)
async def test_the_lane_follows_from_priority_and_length(
    entrance: Entrance, priority: Priority, duration: float | None, lane: Lane
) -> None:
    entrance.info = replace(INFO, duration=duration)
    submission = await entrance.submit(replace(ANNA, priority=priority))
    assert submission.task.lane is lane


async def test_a_file_without_audio_leaves_nothing(entrance: Entrance) -> None:
    entrance.info = AudioError("no_audio", "There is no sound in it.")
    with pytest.raises(AudioError):
        await entrance.submit()
    entrance.assert_nothing_is_left()


async def test_the_same_request_again_is_answered_with_the_same_task(
    entrance: Entrance, lab: Lab, worker: Worker
) -> None:
    request = replace(ANNA, idempotency_key="k")
    first = await entrance.submit(request)
    again = await entrance.submit(request)
    assert (again.task, again.replayed, again.place) == (first.task, True, Place(1, 0))
    assert entrance.probed == 1
    lab.take(worker)
    assert (await entrance.submit(request)).place is None
    lab.ending.end(first.task, done(), worker)
    ended = await entrance.submit(request)
    assert (ended.task, ended.replayed) == (first.task, True)
    assert len(list((lab.root / "recordings").iterdir())) == 1
    assert not list((lab.root / "incoming").iterdir())


@pytest.mark.parametrize(
    ("request_", "content"),
    [
        (replace(ANNA, idempotency_key="k"), b"other sound"),
        (Request("anna", TranscriptionOptions(language="en"), idempotency_key="k"), b"sound"),
        (Request("anna", TranscriptionOptions(hotwords=("VoxQ",)), idempotency_key="k"), b"sound"),
    ],
)
async def test_another_request_with_the_same_key_is_a_conflict(
    entrance: Entrance, request_: Request, content: bytes
) -> None:
    await entrance.submit(replace(ANNA, idempotency_key="k"))
    with pytest.raises(Refusal) as refused:
        await entrance.submit(request_, content)
    assert refused.value.code == "idempotency_conflict"
    assert len(entrance.lab.journal.open_ids()) == 1


async def test_keys_of_different_owners_do_not_conflict(entrance: Entrance) -> None:
    await entrance.submit(replace(ANNA, idempotency_key="k"))
    theirs = await entrance.submit(Request("bob", TranscriptionOptions(), idempotency_key="k"))
    assert not theirs.replayed


async def test_the_key_of_a_forgotten_task_is_used_up(entrance: Entrance, lab: Lab) -> None:
    request = replace(ANNA, idempotency_key="k")
    first = await entrance.submit(request)
    lab.control.cancel(first.task.id)
    lab.control.forget(first.task.id)
    with pytest.raises(Refusal) as refused:
        await entrance.submit(request)
    assert refused.value.code == "idempotency_expired"
    entrance.assert_nothing_is_left()


async def test_the_same_request_twenty_times_at_once_is_one_task(entrance: Entrance, lab: Lab) -> None:
    request = replace(ANNA, idempotency_key="k")
    submissions = await asyncio.gather(*(entrance.submit(request) for _ in range(20)))
    assert len({submission.task.id for submission in submissions}) == 1
    assert [submission.replayed for submission in submissions].count(False) == 1
    assert len(lab.journal.open_ids()) == 1
    assert len(list((lab.root / "recordings").iterdir())) == 1
    assert lab.client.llen("rq:queue:asr-queue") == 1


@pytest.fixture
async def narrow(tmp_path: Path, client: redis.Redis, wire: Wire) -> AsyncIterator[Entrance]:
    lab = Lab(tmp_path / "narrow", client, max_queue_seconds=30)
    async with connect.asynchronous(f"redis://127.0.0.1:{wire.port}", seconds=PATIENCE) as connection:
        yield Entrance(lab, connection)


async def test_a_full_queue_refuses_before_the_upload(narrow: Entrance) -> None:
    for _ in range(3):
        await narrow.submit()
    with pytest.raises(Refusal) as refused:
        await narrow.intake.check_entry("anna", None)
    assert (refused.value.code, refused.value.details) == ("queue_full", {"queued_seconds": 30})


async def test_a_full_queue_still_answers_repeated_requests(narrow: Entrance) -> None:
    request = replace(ANNA, idempotency_key="k")
    first = await narrow.submit(request)
    for _ in range(2):
        await narrow.submit()
    assert (await narrow.submit(request)).task == first.task


async def test_of_concurrent_uploads_only_those_within_the_limit_are_kept(narrow: Entrance) -> None:
    doors = [await narrow.intake.check_entry("anna", None) for _ in range(10)]
    answers = await asyncio.gather(
        *(narrow.intake.accept(entry, narrow.upload(), ANNA) for entry in doors), return_exceptions=True
    )
    accepted = [answer for answer in answers if isinstance(answer, Submission)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert (len(accepted), len(refused)) == (3, 7)
    assert {refusal.code for refusal in refused} == {"queue_full"}
    assert set(narrow.lab.journal.open_ids()) == {answer.task.id for answer in accepted}
    assert len(list((narrow.lab.root / "recordings").iterdir())) == 3


# -- Redis goes away ----------------------------------------------------------------------------------------


async def fail_to_submit(
    entrance: Entrance, before_s3: Callable[[], object], request: Request = ANNA
) -> Unavailable:
    """Submit and run `before_s3` before S3; return the refusal."""
    entry = await entrance.intake.check_entry(request.owner, request.idempotency_key)
    upload = entrance.upload()
    before_s3()
    with pytest.raises(Unavailable) as refused:
        await entrance.intake.accept(entry, upload, request)
    return refused.value


async def test_without_redis_submissions_are_refused(entrance: Entrance, wire: Wire) -> None:
    wire.cut = True
    with pytest.raises(Unavailable) as refused:
        await entrance.submit()
    assert refused.value.details == {}
    entrance.assert_nothing_is_left()


async def test_a_task_that_redis_refuses_is_withdrawn(entrance: Entrance, lab: Lab) -> None:
    def refuse_writes() -> None:
        lab.client.config_set("maxmemory", 1)
        lab.client.config_set("maxmemory-policy", "noeviction")

    try:
        refusal = await fail_to_submit(entrance, refuse_writes)
    finally:
        lab.client.config_set("maxmemory", 0)
    assert refusal.details == {}
    entrance.assert_nothing_is_left()


async def test_a_lost_reply_of_redis_leaves_one_task(
    entrance: Entrance, lab: Lab, wire: Wire, worker: Worker
) -> None:
    lab.recover()
    refusal = await fail_to_submit(entrance, lambda: setattr(wire, "deaf", True))
    task_id = refusal.details["task_id"]
    assert lab.client.lrange("rq:queue:asr-queue", 0, -1) == [task_id]
    assert lab.recovery.complete() == 0
    assert [task.id for task in lab.drain(worker)] == [task_id]


async def test_a_command_lost_on_the_way_is_repeated_by_the_janitor(
    entrance: Entrance, lab: Lab, wire: Wire, worker: Worker
) -> None:
    lab.recover()

    refusal = await fail_to_submit(entrance, wire.lose)
    task_id = refusal.details["task_id"]
    assert lab.client.llen("rq:queue:asr-queue") == 0
    assert lab.recovery.complete() == 1
    assert [task.id for task in lab.drain(worker)] == [task_id]


async def test_an_id_that_was_returned_stays_valid_after_another_submission(
    entrance: Entrance, lab: Lab, wire: Wire, worker: Worker
) -> None:
    lab.recover()
    request = replace(ANNA, idempotency_key="k")

    refusal = await fail_to_submit(entrance, wire.lose, request)
    wire.cut = False
    again = await entrance.submit(request)
    lab.recovery.complete()
    ended = {task.id for task in lab.drain(worker)}
    assert ended == {refusal.details["task_id"], again.task.id}


async def test_after_a_lost_reply_the_idempotency_key_finds_the_task(
    entrance: Entrance, wire: Wire, lab: Lab
) -> None:
    request = replace(ANNA, idempotency_key="k")
    refusal = await fail_to_submit(entrance, lambda: setattr(wire, "deaf", True), request)
    wire.deaf = False
    again = await entrance.submit(request)
    assert (again.task.id, again.replayed) == (refusal.details["task_id"], True)
    assert len(lab.journal.open_ids()) == 1


async def test_a_full_disk_refuses_and_leaves_nothing(
    entrance: Entrance, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(lab.journal), "accept", full)
    with pytest.raises(OSError, match="No space left"):
        await entrance.submit()
    entrance.assert_nothing_is_left()
