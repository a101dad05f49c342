"""Acceptance of recordings and texts as tasks: probed and stored (S1, recordings only), accepted (S2),
enqueued (S3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import redis.asyncio
from loguru import logger
from redis.exceptions import RedisError, ResponseError

from voxq import kinds
from voxq.core import killpoint
from voxq.core.inputs import AUDIO, TEXT, Blob, Inline, Inputs, sha256_of
from voxq.core.options import Options
from voxq.core.refusal import Refusal
from voxq.core.task import Priority, Task, choose_lane, new_task_id
from voxq.locale import Message
from voxq.queue import enqueueing, quotas, script
from voxq.queue.enqueueing import EntryCheck, Place
from voxq.queue.idempotency import idempotency_of
from voxq.queue.script import Runner
from voxq.queue.store import Store
from voxq.speech.audio import AudioInfo
from voxq.storage.blobs.port import Blobs
from voxq.storage.journal.port import Journal
from voxq.storage.storage_id import OTHER_STORAGE, is_other

_LONGEST_INTAKE = 10.0
"""Upper limit for the seconds from S2 to S4."""

Probe = Callable[[Path, str, str | None], Awaitable[AudioInfo]]
"""Function that probes a recording, given its path, its owner and the sound track that was asked for."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file that belongs to no task yet: its path, size in bytes and SHA-256 (hex)."""

    part: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Request:
    """A client's request to process an upload or a text."""

    owner: str
    options: Options
    priority: Priority = Priority.NORMAL
    idempotency_key: str | None = None
    callback: str | None = None
    """Name of a registered webhook."""


@dataclass(frozen=True, slots=True)
class Submission:
    """An accepted task. `place` is None if it does not wait any more; `replayed`: an earlier request created
    it."""

    task: Task
    place: Place | None
    replayed: bool = False


class Unavailable(Refusal):
    """Redis is unavailable. With `task_id`, the task has been accepted all the same and will be processed."""

    def __init__(self, task_id: str | None = None) -> None:
        if task_id is None:
            super().__init__("unavailable", Message("The queue is not reachable, please try again"))
        else:
            message = Message(
                "The queue did not answer; the task is kept, ask for its result by this task_id"
            )
            super().__init__("unavailable", message, task_id=task_id)


class Intake:
    """Acceptance of tasks of one kind. Disk work runs in threads."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        blobs: Blobs,
        client: redis.asyncio.Redis | Runner,
        *,
        long_seconds: float,
    ) -> None:
        self._store = store
        self._journal = journal
        self._blobs = blobs
        self._client = client
        self._long_seconds = long_seconds

    async def check_entry(
        self, owner: str, idempotency_key: str | None, *, may_find: bool = False
    ) -> EntryCheck:
        """Check limits before a body is read. `may_find`: an earlier task may answer the request.

        Raises Refusal as `quotas.refuse_entry`, or Unavailable.
        """
        idempotency = idempotency_of(owner, idempotency_key) if idempotency_key else None
        try:
            entry = await script.run_async(
                self._client, enqueueing.entry(self._store, time.time(), idempotency, owner)
            )
        except RedisError as error:
            raise Unavailable from error
        if is_other(entry.epoch, self._journal.storage):
            raise Refusal("unavailable", OTHER_STORAGE)
        if idempotency and not (entry.epoch or entry.known_id):
            # A task still being accepted may be withdrawn in favour of another one with this key, and
            # Redis will know which of them remained.
            settled = time.time() - _LONGEST_INTAKE
            known_id = await asyncio.to_thread(self._journal.find, self._store.kind, idempotency, settled)
            entry = replace(entry, known_id=known_id)
        quotas.refuse_entry(entry, self._store, owner, may_find=may_find)
        return entry

    def _task(
        self,
        request: Request,
        task_id: str,
        inputs: Inputs,
        duration: float | None,
    ) -> Task:
        """Create the task. Raises Refusal ("too_long")."""
        now = time.time()
        key = request.idempotency_key
        kind = kinds.find(self._store.kind)
        outputs = {}
        if kind.makes_file:
            outputs[AUDIO] = f"{task_id}.{kind.output_extension(request.options)}"
        task = Task(
            id=task_id,
            kind=kind.name,
            owner=request.owner,
            lane=choose_lane(request.priority, duration, self._long_seconds),
            inputs=inputs,
            outputs=outputs,
            duration=duration,
            created_at=now,
            accepted_at=now,
            options=request.options,
            idempotency=idempotency_of(request.owner, key) if key else None,
            callback=request.callback,
        )
        quotas.check_task(task, self._store.allowance_of(request.owner))
        return task

    async def _enqueue(self, task: Task, request: Request) -> Submission:
        """Enqueue an accepted task (S3). Raises Refusal."""
        try:
            enqueued = await script.run_async(self._client, enqueueing.enqueue(self._store, task))
        except RedisError as error:
            if isinstance(error, ResponseError):  # out of memory or read-only: nothing was written
                await asyncio.to_thread(self._withdraw, task)
                raise Unavailable from error
            # The command may have been executed. The client is told the id, so the task will be done, even if
            # the client submits again and the Idempotency-Key gets another task.
            await asyncio.to_thread(self._journal.accept, task.evolve(idempotency=None))
            logger.warning(
                "task={} accepted, the queue did not answer: {}", task.short_id, type(error).__name__
            )
            raise Unavailable(task.id) from error
        killpoint.reached("S3")
        try:
            quotas.check_enqueued(enqueued, self._store, task)
        except Refusal:
            await asyncio.to_thread(self._withdraw, task)
            raise
        if enqueued.answer == "same" and enqueued.same_id is not None:
            await asyncio.to_thread(self._withdraw, task)
            return await self._replay(enqueued.same_id, task.sha256, request)
        return Submission(task, enqueued.place)

    async def _replay(self, task_id: str, sha256: str, request: Request) -> Submission:
        """Answer a repeated request with its task. Raises Refusal if the key was used for a different
        request."""
        try:
            view = await script.run_async(self._client, enqueueing.view(self._store, task_id))
        except RedisError as error:
            raise Unavailable from error
        known = await asyncio.to_thread(self._known, task_id, view.document["run"] if view.document else 1)
        if known is None:
            raise Refusal(
                "idempotency_expired", Message("The task of this Idempotency-Key is gone; use a new key")
            )
        wanted = (sha256, request.options, request.callback)
        if (known.sha256, known.options, known.callback) != wanted:
            raise Refusal(
                "idempotency_conflict", Message("This Idempotency-Key was used for another request")
            )
        return Submission(known, view.place, replayed=True)

    def _known(self, task_id: str, run: int) -> Task | None:
        task = self._journal.open_task(task_id)
        if task is not None:
            return task
        ended = self._journal.ended(task_id, run)
        return ended.task if ended else None

    def _withdraw(self, task: Task) -> None:
        self._journal.withdraw(task.id)
        for name in task.uploads:
            self._blobs.remove(name)


class RecordingIntake(Intake):
    """Acceptance of recordings, which are probed in the processes behind `probe`."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        blobs: Blobs,
        client: redis.asyncio.Redis | Runner,
        probe: Probe,
        *,
        long_seconds: float,
    ) -> None:
        super().__init__(store, journal, blobs, client, long_seconds=long_seconds)
        self._probe = probe

    async def accept(self, entry: EntryCheck, upload: Upload, request: Request) -> Submission:
        """Make the upload a task. The part file is moved or removed in any case.

        Raises AudioError for a file that is not audio, and Refusal for one that cannot be accepted now.
        """
        try:
            if entry.known_id is not None:
                replayed = await self._replay(entry.known_id, upload.sha256, request)
                await asyncio.to_thread(upload.part.unlink, missing_ok=True)
                return replayed
            track = kinds.find(self._store.kind).audio_track(request.options)
            info = await self._probe(upload.part, request.owner, track)
            task_id = _id_of(entry)
            recording = Blob(f"{task_id}.{info.extension}", info.mime, upload.size, upload.sha256)
            task = self._task(request, task_id, {AUDIO: recording}, info.duration)
            await asyncio.to_thread(self._keep, task, recording, upload)
        except BaseException:
            await asyncio.to_thread(upload.part.unlink, missing_ok=True)
            raise
        return await self._enqueue(task, request)

    def _keep(self, task: Task, recording: Blob, upload: Upload) -> None:
        self._blobs.keep(upload.part, recording.name)
        killpoint.reached("S1")
        try:
            self._journal.accept(task)
            killpoint.reached("S2")
        except OSError:
            self._blobs.remove(recording.name)
            raise


class TextIntake(Intake):
    """Acceptance of texts, which are part of their tasks, so that there is no S1."""

    async def accept(self, entry: EntryCheck, text: str, request: Request) -> Submission:
        """Make the text a task. Raises Refusal, or OSError if the disk is full."""
        inputs = {TEXT: Inline(text)}
        if entry.known_id is not None:
            return await self._replay(entry.known_id, sha256_of(inputs), request)
        task = await asyncio.to_thread(self._accept, entry, request, text, inputs)
        return await self._enqueue(task, request)

    def _accept(self, entry: EntryCheck, request: Request, text: str, inputs: Inputs) -> Task:
        seconds = kinds.find(self._store.kind).expected_seconds(text, request.options)
        task = self._task(request, _id_of(entry), inputs, seconds)
        self._journal.accept(task)
        killpoint.reached("S2")
        return task


def _id_of(entry: EntryCheck) -> str:
    return new_task_id(entry.opened_at, entry.number)  # midnight may have passed since
