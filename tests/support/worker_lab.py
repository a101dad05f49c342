"""Real worker processes with a real Redis and their own storage, for tests of the worker."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import evidence
import numpy as np
from audio import RECORDINGS, recording
from own_environment import without_settings
from valkey_lab import patient_client
from worker_process import WorkerProcess, wait_for

from voxq import kinds
from voxq.core.inputs import AUDIO, TEXT, Blob, Inline
from voxq.core.outcome import Outcome
from voxq.core.task import Priority, Task, choose_lane, new_task_id
from voxq.engines.warmup import LONG_SENTENCE, SHORT_SENTENCE
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.transcription import TranscriptionOptions
from voxq.parts import Parts
from voxq.queue import enqueueing, script
from voxq.queue.keys import WORKERS_KEY
from voxq.settings import Settings
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.encode import encode
from voxq.speech.probe import probe
from voxq.speech.sentences import spoken_seconds

NOTE = RECORDINGS / "zh_note.ogg"
"""Ten seconds, one chunk."""
MEETING = RECORDINGS / "zh_meeting.ogg"
"""23 seconds, five chunks with `batch_size=8`."""

_SUPPORT = Path(__file__).parent
_NUMBERS = count(1)
_WARM_UP_SENTENCES = (SHORT_SENTENCE, LONG_SENTENCE)
_TRACES = (
    "rq:queue:*",
    "rq:wip:*",
    "rq:execution*",
    *(f"{k}:{x}" for k in kinds.registered() for x in ("claim:*", "waiting", "owners")),
)
"""Key patterns of waiting and running work."""


def recording_of(path: Path, *names: str) -> Path:
    """Join recordings to a WAV, with four seconds between them, so that each begins a new chunk."""
    pause = np.zeros(4 * SAMPLE_RATE, np.float32)
    parts = [part for name in names for part in (pause, recording(name))]
    path.write_bytes(encode(np.concatenate(parts[1:]), SAMPLE_RATE, "wav"))
    return path


class WorkerLab:
    """A storage under `root` and a database. `settings` apply to every worker started here."""

    def __init__(self, root: Path, redis_url: str, **settings: Any) -> None:
        given: dict[str, Any] = {
            "redis_url": redis_url,
            "storage_path": root / "storage",
            "asr_engine": "counting_engine:KIND",
            "asr_model": "noop",
            "max_inflight": 1,
            "log_level": "DEBUG",
            "max_recordings": 1000,
            "max_history_records": 1000,
        }
        self.root = root
        self.settings = Settings(**given | settings)
        self.parts = Parts.of(self.settings)
        self.client = patient_client(redis_url)
        self.workers: list[WorkerProcess] = []
        self._calls = root / "calls.jsonl"
        evidence.watch(root)

    def worker(
        self, number: int = 1, *, ready: bool = True, device: str = "cpu", **env: str
    ) -> WorkerProcess:
        """Start a worker; with `ready`, its engine is loaded when this returns.

        Test engines need no GPU, whatever `device` is.
        """
        log = self.root / f"worker-{number}-{len(self.workers)}.log"
        worker = WorkerProcess.start(
            ["--id", str(number), "--device", device],
            without_settings()
            | self.settings.environ()
            | {"VOXQ_TEST_ENGINES": "1", "VOXQ_TEST_SYNTHESISER": "counting_voice:KIND"}
            | {"VOXQ_TEST_CALLS": str(self._calls), "PYTHONPATH": str(_SUPPORT)}
            | env,
            log,
        )
        self.workers.append(worker)
        if ready:
            worker.wait_for_log("status=ready", 120)
        return worker

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        self.client.close()
        evidence.unwatch(self.root)

    # Tasks.

    def submit(
        self,
        recording: Path = NOTE,
        *faults: str,
        owner: str = "anna",
        priority: Priority = Priority.NORMAL,
        enqueue: bool = True,
        **options: Any,
    ) -> Task:
        """Do write steps S1 to S3, as the API does. `faults` are hotwords for the engine."""
        now = time.time()
        info = probe(recording, self.settings.max_audio_seconds)
        task_id = new_task_id(now, next(_NUMBERS))
        digest = hashlib.sha256(recording.read_bytes()).hexdigest()
        kept = Blob(f"{task_id}.{info.extension}", info.mime, recording.stat().st_size, digest)
        task = Task(
            id=task_id,
            kind="asr",
            owner=owner,
            lane=choose_lane(priority, info.duration, self.settings.long_audio_seconds),
            inputs={AUDIO: kept},
            outputs={},
            duration=info.duration,
            created_at=now,
            accepted_at=now,
            options=TranscriptionOptions(hotwords=faults, **options),
        )
        part = self.parts.blobs.part(task_id)
        shutil.copyfile(recording, part)
        self.parts.blobs.keep(part, kept.name)
        self.parts.journal.accept(task)
        if enqueue:
            script.run(self.client, enqueueing.enqueue(self.parts.stores["asr"], task))
        return task

    def let_claims_expire(self) -> None:
        """Expire all claims, as CLAIM_TTL seconds without a heartbeat of dead workers would."""
        for kind, store in self.parts.stores.items():
            for key in self.client.scan_iter(f"{kind}:claim:*"):
                self.client.delete(key)
            for lane in store.queues.values():
                for entry in self.client.zrange(f"rq:wip:{lane}", 0, -1):
                    self.client.zadd(f"rq:wip:{lane}", {entry: 1})

    def submit_text(
        self,
        text: str,
        *,
        owner: str = "anna",
        priority: Priority = Priority.NORMAL,
        **options: Any,
    ) -> Task:
        """Do write steps S2 and S3 for a text, spoken by `counting_voice` unless `options` say otherwise."""
        now = time.time()
        task_id = new_task_id(now, next(_NUMBERS))
        chosen = SpeechOptions(**{"voice": "teller", "model": "counting_voice:KIND"} | options)
        seconds = spoken_seconds(text) / chosen.speed
        task = Task(
            id=task_id,
            kind="tts",
            owner=owner,
            lane=choose_lane(priority, seconds, self.settings.long_audio_seconds),
            inputs={TEXT: Inline(text)},
            outputs={AUDIO: f"{task_id}.{chosen.format}"},
            duration=seconds,
            created_at=now,
            accepted_at=now,
            options=chosen,
        )
        self.parts.journal.accept(task)
        script.run(self.client, enqueueing.enqueue(self.parts.stores["tts"], task))
        return task

    def spoken(self) -> list[str]:
        """Sentences that `counting_voice` got, in order, without the warm-up."""
        log = self._calls.with_suffix(".spoken")
        said = log.read_text("utf-8").splitlines() if log.exists() else []
        return [sentence for sentence in said if sentence not in _WARM_UP_SENTENCES]

    def document(self, task: Task) -> dict[str, Any]:
        """Document of a task in Redis; empty if there is none."""
        raw = self.client.get(self.parts.stores[task.kind].task_key(task.id))
        return json.loads(raw) if isinstance(raw, str) else {}

    def outcome(self, task: Task) -> Outcome | None:
        ended = self.parts.journal.ended(task.id, task.run)
        return ended.outcome if ended else None

    def facts(self, number: int) -> dict[str, Any]:
        """Facts from the last heartbeat of the worker with this number; empty if there is none."""
        everybody = map(json.loads, self.client.hvals(WORKERS_KEY))
        return next((facts for facts in everybody if facts["id"] == number), {})

    def chunks_kept(self, task: Task) -> int:
        """Number of finished chunks on the disk, which are never done again."""
        path = self.settings.work_dir / f"{task.id}.{task.run}" / "chunks.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def forget_fingerprints(self) -> None:
        """Delete all fingerprints, so that no request joins an earlier task or gets its result."""
        for pattern in ("*:twin:*", "*:joinable:*"):
            for key in self.client.scan_iter(pattern):
                self.client.delete(key)

    def wait_for_status(self, task: Task, status: str, seconds: float = 120.0) -> dict[str, Any]:
        wait_for(lambda: self.document(task).get("status") == status, f"{task.id} {status}", seconds)
        return self.document(task)

    def wait_for_ends(self, tasks: Sequence[Task], seconds: float = 120.0) -> list[Outcome]:
        """Wait until each task has ended, and its end is published and closed; outcomes in order."""
        wait_for(lambda: all(map(self._is_settled, tasks)), f"the end of {len(tasks)} tasks", seconds)
        return [outcome for task in tasks if (outcome := self.outcome(task)) is not None]

    def _is_settled(self, task: Task) -> bool:
        """Whether the task has ended in the journal and in Redis, and is closed."""
        outcome = self.outcome(task)
        return (
            outcome is not None
            and self.parts.journal.open_task(task.id) is None
            and self.document(task).get("status") == outcome.status
        )

    def close_gate(self) -> None:
        """Block calls with a "gated" chunk from now on."""
        self._calls.with_suffix(".gate").unlink(missing_ok=True)

    @contextlib.contextmanager
    def broken_models(self) -> Iterator[None]:
        """Make loading of all recognisers fail until the end of the context."""
        mark = self._calls.with_suffix(".broken")
        mark.touch()
        yield
        mark.unlink()

    def open_gate(self) -> None:
        self._calls.with_suffix(".gate").touch()

    # Assertions afterwards.

    def assert_ended_once(self, tasks: Sequence[Task]) -> None:
        """Assert one end per task in journal, history and JSONL log, and that no work files are left."""
        ids = sorted(task.id for task in tasks)
        assert sorted(task_id for task_id, _ in self.parts.journal.ended_runs()) == ids
        kinds = list(self.parts.stores)
        logged = [record["task_id"] for kind in kinds for record in self.parts.logs[kind].records()]
        assert sorted(logged) == ids
        uncancelled = sorted(t.id for t in tasks if self.document(t)["status"] != "cancelled")
        keys = [store.history_key for store in self.parts.stores.values()]
        history = [json.loads(item)["task_id"] for key in keys for item in self.client.lrange(key, 0, -1)]
        assert sorted(history) == uncancelled
        assert self.parts.journal.open_ids() == []
        wait_for(lambda: not list(self.parts.work.names()), "the end of the work directories")
        self.assert_nothing_waits()

    def assert_nothing_waits(self) -> None:
        """Assert that lanes, claims, executions and registries of work in progress are empty."""
        left = [key for pattern in _TRACES for key in self.client.scan_iter(pattern)]
        assert left == []

    def calls(self) -> list[list[tuple[float, tuple[str, ...]]]]:
        """Engine calls so far, without the warm-up: seconds and hotwords of their chunks."""
        return [
            [(seconds, tuple(words)) for seconds, words in record["chunks"]] for record in self._records()
        ]

    def models_called(self) -> list[str]:
        """Model of each call."""
        return [record["model"] for record in self._records()]

    def callers(self) -> list[int]:
        """Process id of each call."""
        return [record["pid"] for record in self._records()]

    def _records(self) -> list[dict[str, Any]]:
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return list(_after_warm_up(map(json.loads, lines)))


def _after_warm_up(records: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Skip the first three calls of each process, which are its warm-up."""
    seen: dict[int, int] = {}
    for record in records:
        seen[record["pid"]] = seen.get(record["pid"], 0) + 1
        if seen[record["pid"]] > 3:
            yield record
