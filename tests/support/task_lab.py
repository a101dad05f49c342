"""Tasks for tests: factories of values, and a lab with one method per write step."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import redis
from valkey_lab import PATIENCE

from voxq.core.inputs import AUDIO, TEXT, Blob, Inline
from voxq.core.outcome import Outcome, Timings
from voxq.core.task import Lane, Status, Task, new_task_id
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.text import TextOptions
from voxq.kinds.transcription import TranscriptionOptions
from voxq.kinds.voiceprint import VoiceprintOptions
from voxq.parts import Parts
from voxq.queue import claiming, documents, enqueueing, script
from voxq.queue.claiming import Beat, Capacity, TaskExecution, Worker
from voxq.queue.enqueueing import Enqueued
from voxq.queue.script import Command
from voxq.settings import Settings

T = TypeVar("T")

_numbers = count(1)

ONE_OF_EACH = dict.fromkeys(Lane, 1)
MANY = dict.fromkeys(Lane, 1000)


def make_task(*, text: str = "Guten Tag.", size: int = 4000, sha256: str = "0" * 64, **changes: Any) -> Task:
    """Make a task of a recording with this size and digest, or of a text if `kind` says so."""
    now = time.time()
    task_id = changes.pop("id", None) or new_task_id(now, next(_numbers))
    if changes.get("kind") == "tts":
        changes = {"options": SpeechOptions("teller", model="counting_voice:KIND")} | changes
        outputs = {AUDIO: f"{task_id}.{changes['options'].format}"}
        changes = {"inputs": {TEXT: Inline(text)}, "outputs": outputs} | changes
    if changes.get("kind") == "text":
        changes = {"inputs": {TEXT: Inline(text)}, "options": TextOptions()} | changes
    if changes.get("kind") == "voiceprint":
        changes = {"options": VoiceprintOptions()} | changes
    values: dict[str, Any] = {
        "id": task_id,
        "kind": "asr",
        "owner": "anna",
        "lane": Lane.SHORT,
        "inputs": {AUDIO: Blob(f"{task_id}.ogg", "audio/ogg", size, sha256)},
        "outputs": {},
        "duration": 10.0,
        "created_at": now,
        "accepted_at": now,
        "options": TranscriptionOptions(),
    }
    return Task(**values | changes)


def done(text: str = "guten Tag", **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "status": Status.DONE,
        "ended_at": time.time(),
        "duration": 10.0,
        "text": text,
        "segments": ({"t": text, "s": 0.0, "e": 10.0},),
        "timings": Timings(queued=1.0, engine=0.5, total=2.0, rtf=0.05),
        "worker_id": 1,
    }
    return Outcome(**values | changes)


def failed(**changes: Any) -> Outcome:
    values = {"text": "", "segments": (), "error": "Processing timeout (600s exceeded)", "code": "timeout"}
    return done(**{"status": Status.FAILED, **values, **changes})


def cancelled() -> Outcome:
    return done(text="", status=Status.CANCELLED, segments=(), worker_id=0)


class Lab:
    """A storage under `root` and a database; each method is one write step or query for tasks of one kind."""

    def __init__(self, root: Path, client: redis.Redis, *, kind: str = "asr", **settings: Any) -> None:
        self.root = root
        self.kind = kind
        self.client = client
        address = client.get_connection_kwargs()
        self.rq = redis.Redis(
            host=address["host"], port=address["port"], db=address["db"], socket_timeout=PATIENCE
        )
        self.parts = Parts.of(Settings(storage_path=root, **settings))
        self.store = self.parts.stores[kind]
        self.journal = self.parts.journal
        self.log = self.parts.logs[kind]
        self.blobs = self.parts.blobs
        self.ending = self.parts.ending(client)
        self.control = self.parts.control(kind, client)
        self.recovery = self.parts.recovery(client)
        self.cleanup = self.parts.cleanup(client)

    def run(self, command: Command[T]) -> T:
        return script.run(self.client, command)

    def keep(self, task: Task) -> Task:
        """Write step S1."""
        part = self.parts.blobs.part(uuid4().hex)
        part.write_bytes(b"sound")
        self.parts.blobs.keep(part, task.file)
        return task

    def accept(self, task: Task) -> Task:
        """Write steps S1 and S2."""
        self.journal.accept(self.keep(task))
        return task

    def enqueue(self, task: Task) -> Enqueued:
        """Write step S3."""
        return self.run(enqueueing.enqueue(self.parts.stores[task.kind], task))

    def submit(self, **changes: Any) -> Task:
        task = self.accept(make_task(**{"kind": self.kind} | changes))
        assert self.enqueue(task).answer == "queued"
        return task

    def claim(self, worker: Worker, free: dict[Lane, int] | None = None) -> list[Task]:
        """Write step W1. Ignores ids that are not open in the journal."""
        claimed = self.run(
            claiming.claim(self.store, worker, Capacity({}, MANY if free is None else free), time.time())
        ).claimed
        tasks = [self.journal.open_task(each.task_id) for each in claimed]
        return [task for task in tasks if task is not None]

    def register(self, worker: Worker, task: Task) -> TaskExecution | None:
        """Write step W2."""
        held = TaskExecution(task, uuid4().hex)
        document = documents.processing(task, progress=0, text="", started_at=time.time())
        return held if self.run(claiming.register(self.store, worker, held, time.time(), document)) else None

    def take(self, worker: Worker) -> TaskExecution:
        """Write steps W1 and W2 for the best waiting task."""
        for lane in Lane:
            for task in self.claim(worker, {lane: 1}):
                held = self.register(worker, task)
                assert held is not None
                return held
        raise AssertionError("nothing waits")

    def beat(self, worker: Worker, held: Sequence[TaskExecution] = ()) -> Beat:
        return self.run(
            claiming.beat(self.store, worker, held, time.time(), 30, {"beat": time.time()}, is_idle=not held)
        )

    def let_claims_expire(self) -> None:
        """Expire all claims, as CLAIM_TTL seconds without a heartbeat would."""
        for key in self.client.scan_iter(f"{self.kind}:claim:*"):
            self.client.delete(key)
        for lane in self.store.queues.values():
            for entry in self.client.zrange(f"rq:wip:{lane}", 0, -1):
                self.client.zadd(f"rq:wip:{lane}", {entry: time.time() - 1})

    def place(self, task: Task) -> tuple[int, float] | None:
        place = self.run(enqueueing.view(self.store, task.id)).place
        return (place.position, round(place.ahead, 6)) if place else None

    def status(self, task: Task) -> str | None:
        document = self.run(enqueueing.view(self.parts.stores[task.kind], task.id)).document
        return document["status"] if document else None

    def queued_seconds(self) -> float:
        return self.run(enqueueing.counts(self.store, time.time())).queued_seconds

    def history(self) -> list[str]:
        return self.client.lrange(self.store.history_key, 0, -1)

    def log_lines(self) -> list[bytes]:
        path = self.root / "logs" / f"{self.kind}_history.jsonl"
        return path.read_bytes().splitlines() if path.exists() else []

    def recover(self) -> None:
        """Run the janitor's recovery now, without its waits."""
        self.recovery.rebuild(patience=0)
        self.recovery.bring_back_dead()
        self.recovery.complete()
        self.cleanup.run()

    def drain(self, worker: Worker) -> list[Task]:
        """Do all waiting tasks, as a worker does; returns those that it finished."""
        finished = []
        while claimed := self.run(
            claiming.claim(self.store, worker, Capacity({}, MANY), time.time())
        ).claimed:
            for each in claimed:
                task = self.journal.open_task(each.task_id)
                if task is None and (end := self.journal.last_end(each.task_id)):
                    self.ending.publish(end.task)
                elif task is None:
                    self.run(claiming.drop(self.store, each))
                elif self.journal.has_ended(task):
                    self.ending.publish(task)
                elif self.register(worker, task):
                    self.ending.end(task, done(), worker)
                    finished.append(task)
        return finished


def make_worker(name: str = "") -> Worker:
    name = name or f"worker-{os.getpid()}-{uuid4().hex[:8]}"
    return Worker(name, f"rq:worker:{name}")
