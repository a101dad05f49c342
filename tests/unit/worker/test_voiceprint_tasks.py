"""Voiceprints as tasks: what is kept, when it is refused, and a disk that fails in between."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from task_lab import make_task

from voxq.core.outcome import Outcome
from voxq.core.task import Status, Task
from voxq.engines.contract import ChunkError
from voxq.kinds.voiceprint import VoiceprintOptions
from voxq.processes.model.protocol import Embedded, SpanRef
from voxq.speech.sound_measures import SoundMeasures
from voxq.storage.voiceprints import Voiceprints
from voxq.testing.clock import FakeClock
from voxq.testing.processes import FakeProcesses
from voxq.testing.worker import WorkerInProcess
from voxq.voiceprints.voiceprint import Consent, Quality, Sample, Voiceprint, new_id

SOUND = SoundMeasures(4.0, 4.0, -20.0, -60.0, 0.0)
heard: dict[str, Any] = {}
"""What the model finds in every part: its vector, and the revision of the model."""


def embedded(ref: Any) -> Embedded | ChunkError:
    assert isinstance(ref, SpanRef)
    return Embedded(heard["vector"], SOUND, heard["revision"])


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerInProcess]:
    heard.update(vector=(0.6, 0.8), revision="ge2e:1:x")
    with FakeProcesses(embedded), FakeClock() as clock:
        worker = WorkerInProcess(tmp_path / "storage", clock, worker_capabilities="embed")
        yield worker
        worker.close()


@pytest.fixture
def store(tmp_path: Path) -> Voiceprints:
    return Voiceprints(tmp_path / "storage" / "voiceprints")


def voiceprint(store: Voiceprints, owner: str, *samples: Sample) -> Voiceprint:
    made = Voiceprint(new_id(), owner, "Ada", 1.0, Consent("Ada", "I agree.", 1.0), samples)
    store.add(made)
    return made


def other(vector: tuple[float, ...] = (0.6, 0.8), revision: str = "ge2e:1:x") -> Sample:
    quality = Quality(10.0, -20.0, 40.0, 0.0, 1.0)
    return Sample(1, "2026-12-01_001_abcdefghijkl", "0" * 64, "ge2e", revision, vector, quality, 1.0)


def ended(worker: WorkerInProcess, options: VoiceprintOptions | None = None) -> tuple[Task, Outcome]:
    task = make_task(kind="voiceprint", options=options or VoiceprintOptions(), duration=8.0)
    worker.submit(task)
    return task, worker.end_of(task)


def test_a_vector_is_the_result(worker: WorkerInProcess) -> None:
    _, outcome = ended(worker)
    assert outcome.status is Status.DONE
    assert outcome.embedding is not None
    assert outcome.embedding["vector"] == [0.6, 0.8]
    assert (outcome.embedding["model"], outcome.embedding["revision"]) == ("ge2e", "ge2e:1:x")
    assert Outcome.from_json(outcome.to_json()) == outcome


def test_a_sample_is_kept_with_its_voiceprint_alone(worker: WorkerInProcess, store: Voiceprints) -> None:
    made = voiceprint(store, make_task().owner)
    task, outcome = ended(worker, VoiceprintOptions(voiceprint_id=made.id, version=1))
    assert outcome.status is Status.DONE
    assert outcome.embedding is not None
    assert "vector" not in outcome.embedding
    kept = store.get(made.owner, made.id)
    assert [sample.task_id for sample in kept.samples] == [task.id]
    assert kept.vector == pytest.approx((0.6, 0.8))
    assert kept.tasks == (task.id,)


@pytest.mark.parametrize(
    ("sample", "code"),
    [(other((-0.8, 0.6)), "other_speaker"), (other(revision="ge2e:2:y"), "other_model")],
)
def test_what_does_not_fit_changes_nothing(
    worker: WorkerInProcess, store: Voiceprints, sample: Sample, code: str
) -> None:
    made = voiceprint(store, make_task().owner, sample)
    _, outcome = ended(worker, VoiceprintOptions(voiceprint_id=made.id, version=1))
    assert (outcome.status, outcome.code) == (Status.FAILED, code)
    assert store.get(made.owner, made.id) == made


def test_another_owners_voiceprint_is_out_of_reach(worker: WorkerInProcess, store: Voiceprints) -> None:
    made = voiceprint(store, "somebody else")
    _, outcome = ended(worker, VoiceprintOptions(voiceprint_id=made.id, version=1))
    assert (outcome.status, outcome.code) == (Status.FAILED, "voiceprint_deleted")
    assert store.get("somebody else", made.id) == made


def test_a_voice_without_enough_speech_is_refused(worker: WorkerInProcess) -> None:
    heard["vector"] = ()
    _, outcome = ended(worker)
    assert (outcome.status, outcome.code) == (Status.FAILED, "too_little_speech")
    assert outcome.error is not None and "record at least 3 s" in outcome.error


def test_a_disk_that_fails_once_costs_nothing(
    worker: WorkerInProcess, store: Voiceprints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a worker that dies between the two writes: the sample is there, and the end is not."""
    made = voiceprint(store, make_task().owner)
    change, calls = Voiceprints.change, []

    def failing(self: Voiceprints, *arguments: Any) -> Voiceprint:
        kept = change(self, *arguments)
        calls.append(kept)
        if len(calls) == 1:
            raise OSError(28, "No space left on device")
        return kept

    monkeypatch.setattr(Voiceprints, "change", failing)
    _, outcome = ended(worker, VoiceprintOptions(voiceprint_id=made.id, version=1))
    assert outcome.status is Status.DONE
    assert len(calls) == 2
    assert len(store.get(made.owner, made.id).samples) == 1
    assert math.hypot(*store.get(made.owner, made.id).vector) == pytest.approx(1.0)
