"""Real worker processes over a real Redis and a storage of their own, for tests of the worker."""

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
from voxq.core.outcome import Outcome
from voxq.core.task import Priority, Task, choose_lane, new_task_id
from voxq.engines.warmup import LONG_SENTENCE, SHORT_SENTENCE
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.transcription import TranscriptionOptions
from voxq.parts import Parts
from voxq.queue import enqueueing, script
from voxq.queue.keys import WORKERS_KEY
from voxq.settings import Settings
from voxq.speech.audio import SAMPLE_RATE, SPEECH_FORMATS
from voxq.speech.encode import encode
from voxq.speech.probe import probe
from voxq.speech.sentences import spoken_seconds

NOTE = RECORDINGS / "zh_note.ogg"
"""Ten seconds, one chunk."""
MEETING = RECORDINGS / "zh_meeting.ogg"
"""23 seconds; of five chunks with `batch_size=8`."""

_SUPPORT = Path(__file__).parent
_NUMBERS = count(1)
_WARM_UP_SENTENCES = (SHORT_SENTENCE, LONG_SENTENCE)
_TRACES = (
    "rq:queue:*",
    "rq:wip:*",
    "rq:execution*",
    *(f"{k}:{x}" for k in kinds.registered() for x in ("claim:*", "waiting", "owners")),
)
"""Keys of work that waits or is under way."""


def recording_of(path: Path, *names: str) -> Path:
    """A WAV of several recordings, with four seconds between them, so that each begins another chunk."""
    pause = np.zeros(4 * SAMPLE_RATE, np.float32)
    parts = [part for name in names for part in (pause, recording(name))]
    path.write_bytes(encode(np.concatenate(parts[1:]), SAMPLE_RATE, "wav"))
    return path


class WorkerLab:
    """One storage under `root`, one database. `settings` are those of every worker started here."""

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
        """Start one; with `ready`, its engine is loaded when this returns. Engines of tests need no GPU, even
        where they are told that they have one."""
        log = self.root / f"worker-{number}-{len(self.workers)}.log"
        worker = WorkerProcess.start(
            ["--id", str(number), "--device", device],
            without_settings()
            | self.settings.environ()
            | {"VOXQ_TEST_ENGINES": "1", "VOXQ_TEST_CALLS": str(self._calls), "PYTHONPATH": str(_SUPPORT)}
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
        """The steps S1 to S3, as the API does them. `faults` are hotwords for the engine."""
        now = time.time()
        info = probe(recording, self.settings.max_audio_seconds)
        task_id = new_task_id(now, next(_NUMBERS))
        task = Task(
            id=task_id,
            kind="asr",
            owner=owner,
            lane=choose_lane(priority, info.duration, self.settings.long_audio_seconds),
            file=f"{task_id}.{info.extension}",
            mime=info.mime,
            size=recording.stat().st_size,
            audio_sha256=hashlib.sha256(recording.read_bytes()).hexdigest(),
            duration=info.duration,
            created_at=now,
            accepted_at=now,
            options=TranscriptionOptions(hotwords=faults, **options),
        )
        part = self.parts.blobs.part(task_id)
        shutil.copyfile(recording, part)
        self.parts.blobs.keep(part, task.file)
        self.parts.journal.accept(task)
        if enqueue:
            script.run(self.client, enqueueing.enqueue(self.parts.stores["asr"], task))
        return task

    def let_claims_expire(self) -> None:
        """What CLAIM_TTL seconds without a heartbeat do to the tasks of workers that died."""
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
        """The steps S2 and S3 of a text, to be spoken by `counting_voice` unless `options` say otherwise."""
        now = time.time()
        task_id = new_task_id(now, next(_NUMBERS))
        chosen = SpeechOptions(text, **{"voice": "teller", "model": "counting_voice:KIND"} | options)
        seconds = spoken_seconds(text) / chosen.speed
        task = Task(
            id=task_id,
            kind="tts",
            owner=owner,
            lane=choose_lane(priority, seconds, self.settings.long_audio_seconds),
            file=f"{task_id}.{chosen.format}",
            mime=SPEECH_FORMATS[chosen.format],
            size=len(text.encode()),
            audio_sha256=hashlib.sha256(text.encode()).hexdigest(),
            duration=seconds,
            created_at=now,
            accepted_at=now,
            options=chosen,
        )
        self.parts.journal.accept(task)
        script.run(self.client, enqueueing.enqueue(self.parts.stores["tts"], task))
        return task

    def spoken(self) -> list[str]:
        """Every sentence that `counting_voice` was given, in order (warm-up left out)."""
        log = self._calls.with_suffix(".spoken")
        said = log.read_text("utf-8").splitlines() if log.exists() else []
        return [sentence for sentence in said if sentence not in _WARM_UP_SENTENCES]

    def document(self, task: Task) -> dict[str, Any]:
        """What Redis shows of it; empty if it knows nothing."""
        raw = self.client.get(self.parts.stores[task.kind].task_key(task.id))
        return json.loads(raw) if isinstance(raw, str) else {}

    def outcome(self, task: Task) -> Outcome | None:
        ended = self.parts.journal.ended(task.id, task.run)
        return ended.outcome if ended else None

    def facts(self, number: int) -> dict[str, Any]:
        """What the worker of this number told with its last heartbeat; empty if there is none."""
        everybody = map(json.loads, self.client.hvals(WORKERS_KEY))
        return next((facts for facts in everybody if facts["id"] == number), {})

    def chunks_kept(self, task: Task) -> int:
        """How many of its chunks are on the disk: these are never done again."""
        path = self.settings.work_dir / f"{task.id}.{task.run}" / "chunks.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def forget_twins(self) -> None:
        """No request joins an earlier task, or is answered from its result."""
        for pattern in ("*:twin:*", "*:joinable:*"):
            for key in self.client.scan_iter(pattern):
                self.client.delete(key)

    def wait_for_status(self, task: Task, status: str, seconds: float = 120.0) -> dict[str, Any]:
        wait_for(lambda: self.document(task).get("status") == status, f"{task.id} {status}", seconds)
        return self.document(task)

    def wait_for_ends(self, tasks: Sequence[Task], seconds: float = 120.0) -> list[Outcome]:
        """Until each of the tasks is ended, told and closed; in order."""
        wait_for(lambda: all(map(self._is_settled, tasks)), f"the end of {len(tasks)} tasks", seconds)
        return [outcome for task in tasks if (outcome := self.outcome(task)) is not None]

    def _is_settled(self, task: Task) -> bool:
        """Ended in the journal and in Redis, and not open any more."""
        outcome = self.outcome(task)
        return (
            outcome is not None
            and self.parts.journal.open_task(task.id) is None
            and self.document(task).get("status") == outcome.status
        )

    def close_gate(self) -> None:
        """From now on calls with a chunk that is "gated" are held up."""
        self._calls.with_suffix(".gate").unlink(missing_ok=True)

    @contextlib.contextmanager
    def broken_models(self) -> Iterator[None]:
        """Inside, no recogniser can be loaded."""
        mark = self._calls.with_suffix(".broken")
        mark.touch()
        yield
        mark.unlink()

    def open_gate(self) -> None:
        self._calls.with_suffix(".gate").touch()

    # What must be true afterwards.

    def assert_ended_once(self, tasks: Sequence[Task]) -> None:
        """In the journal, the history and the JSONL; and nothing of their work is left anywhere."""
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
        """No lane, claim, execution or registry of work in progress has anything in it."""
        left = [key for pattern in _TRACES for key in self.client.scan_iter(pattern)]
        assert left == []

    def calls(self) -> list[list[tuple[float, tuple[str, ...]]]]:
        """Every call of an engine so far (warm-up left out): seconds and hotwords of its chunks."""
        return [
            [(seconds, tuple(words)) for seconds, words in record["chunks"]] for record in self._records()
        ]

    def models_called(self) -> list[str]:
        """The model of each of these calls."""
        return [record["model"] for record in self._records()]

    def callers(self) -> list[int]:
        """The process id of each of these calls."""
        return [record["pid"] for record in self._records()]

    def _records(self) -> list[dict[str, Any]]:
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        return list(_after_warm_up(map(json.loads, lines)))


def _after_warm_up(records: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each process begins with three calls that warm it up."""
    seen: dict[int, int] = {}
    for record in records:
        seen[record["pid"]] = seen.get(record["pid"], 0) + 1
        if seen[record["pid"]] > 3:
            yield record
