"""Queue for the real media processes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from audio import RECORDINGS
from media_files import Sound, muxed, tone
from runs import task_run_of
from task_lab import make_task

from voxq.core.task import Lane
from voxq.kinds.transcription import TranscriptionOptions
from voxq.kinds.work import Defaults, Prepared
from voxq.processes.media import protocol
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.storage.blobs.files import FileBlobs
from voxq.storage.scratch import WorkFiles
from voxq.worker.disk_trouble import DiskWarnings
from voxq.worker.media.media_link import MediaFailed, MediaLink, News
from voxq.worker.media.preparation import Preparation
from voxq.worker.poller import Poller
from voxq.worker.runs.task_run import TaskRun

pytestmark = pytest.mark.slow  # it starts processes

MEETING = (RECORDINGS / "zh_meeting.ogg").read_bytes()
"""Recording of 23 seconds."""


class Capacity:
    """Preparation with some processes, and all events from it."""

    def __init__(self, root: Path, processes: int, *, patience: float = 0.0) -> None:
        self.links = [MediaLink(timeout=100) for _ in range(processes)]
        self.blobs = FileBlobs(root / "recordings", root / "incoming")
        self.root = root
        self.heard: list[tuple[TaskRun, News]] = []
        self.poller = Poller()
        self.preparation = Preparation(
            self.links,
            self.poller,
            DiskWarnings(1),
            sound_seconds=40.0,
            long_seconds=100.0,
            patience=patience,
        )

    def assign(
        self,
        lane: Lane,
        seconds: float | None = 23.0,
        recording: bytes = MEETING,
        options: TranscriptionOptions | None = None,
    ) -> TaskRun:
        """Add a task whose container promises so many seconds, whatever its recording has."""
        task = make_task(lane=lane, duration=seconds, options=options or TranscriptionOptions())
        self.blobs.path(task.file).write_bytes(recording)
        task_run = task_run_of(
            task,
            self.root / "work",
            defaults=Defaults(max_seconds=100),
            recording=self.blobs.path(task.file),
        )
        self.preparation.add(task_run)
        return task_run

    def in_work(self) -> set[TaskRun]:
        return {link.task_run for link in self.links if link.task_run is not None}

    def ends(self) -> dict[TaskRun, Prepared | MediaFailed]:
        return {task_run: news for task_run, news in self.heard if not isinstance(news, list)}

    def run_until(self, condition: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.preparation.advance()
            self.poller.call(self.poller.wait(0.1))
            self.preparation.enforce_deadlines()
            self.heard += self.preparation.news.take()


@pytest.fixture
def capacities(tmp_path: Path) -> Iterator[Callable[..., Capacity]]:
    made: list[Capacity] = []

    def make(processes: int, **changes: float) -> Capacity:
        made.append(Capacity(tmp_path, processes, **changes))
        return made[-1]

    yield make
    for capacity in made:
        capacity.preparation.close()


def test_decoded_audio_of_long_recordings_is_bounded(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(4)
    first, second = capacity.assign(Lane.LONG), capacity.assign(Lane.LONG)
    smaller = capacity.assign(Lane.LONG, 1.0)
    note = capacity.assign(Lane.SHORT)
    capacity.preparation.advance()
    assert capacity.in_work() == {first, note}, "two long ones would be more than thirty seconds"
    capacity.run_until(lambda: {first, note} <= capacity.ends().keys())
    assert not {second, smaller} & capacity.ends().keys(), (
        "the sound of the first lies there; nobody overtakes"
    )
    capacity.preparation.remove(first)
    capacity.run_until(lambda: second in capacity.ends())


@pytest.mark.parametrize("lane", [Lane.HIGH, Lane.SHORT])
def test_a_long_recording_counts_as_long_in_any_lane(capacities: Callable[..., Capacity], lane: Lane) -> None:
    capacity = capacities(2)
    long, other = capacity.assign(lane, 200.0), capacity.assign(lane, 200.0)
    note = capacity.assign(Lane.SHORT)
    capacity.preparation.advance()
    assert capacity.in_work() == {long, note}
    capacity.run_until(lambda: other in capacity.in_work() | capacity.ends().keys())
    assert {long, note} <= capacity.ends().keys()


def test_a_recording_longer_than_announced_waits_for_space(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(3)
    first, liar = capacity.assign(Lane.LONG), capacity.assign(Lane.LONG, 1.0)
    capacity.preparation.advance()
    assert capacity.in_work() == {first, liar}, "so far they are 24 seconds"
    capacity.run_until(lambda: first in capacity.ends() and not capacity.in_work())
    assert liar not in capacity.ends()
    pcm = liar.directory.pcm
    assert not pcm.exists()
    capacity.preparation.remove(first)
    capacity.run_until(lambda: liar in capacity.ends())
    assert pcm.stat().st_size == pytest.approx(23 * 64_000, rel=0.01)


def test_the_sound_of_separate_channels_is_counted_once(capacities: Callable[..., Capacity]) -> None:
    """More than announced, two channels of 8 seconds fit beside 10 seconds; twice as much would not."""
    capacity = capacities(3)
    other = capacity.assign(Lane.LONG, 10.0, wav_of(tone(10)))
    call = capacity.assign(
        Lane.LONG, 0.5, wav_of(np.stack((tone(8), -tone(8)))), TranscriptionOptions(separate_channels=True)
    )
    capacity.preparation.advance()
    assert capacity.in_work() == {other, call}
    capacity.run_until(lambda: {other, call} <= capacity.ends().keys(), 60)


def wav_of(samples: Samples) -> bytes:
    return muxed("wav", Sound(samples, SAMPLE_RATE, "pcm_s16le"))


def test_a_higher_lane_is_decoded_first(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(1)
    capacity.assign(Lane.LONG, 5.0)
    capacity.assign(Lane.SHORT, 5.0)
    urgent = capacity.assign(Lane.HIGH, 5.0)
    capacity.preparation.advance()
    assert capacity.in_work() == {urgent}


def test_the_last_process_is_not_for_long_recordings(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(2)
    long = capacity.assign(Lane.LONG)
    capacity.preparation.advance()
    other, note = capacity.assign(Lane.LONG), capacity.assign(Lane.SHORT)
    capacity.preparation.advance()
    assert capacity.in_work() == {long, note}
    assert other not in capacity.in_work()


def test_an_unwritable_disk_is_waited_for_only_so_long(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(1)
    task_run = capacity.assign(Lane.SHORT)
    shutil.rmtree(task_run.directory.pcm.parent)
    capacity.run_until(lambda: task_run in capacity.ends())
    failed = capacity.ends()[task_run]
    assert isinstance(failed, MediaFailed)
    assert failed.is_disk_trouble
    assert not failed.is_crash


def test_a_task_cancelled_while_decoding_delays_no_other(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(1, patience=1000.0)
    cancelled, other = capacity.assign(Lane.SHORT), capacity.assign(Lane.SHORT)
    WorkFiles(capacity.root / "work").remove(cancelled.task)
    capacity.preparation.advance()
    assert capacity.in_work() == {cancelled}
    capacity.run_until(lambda: other in capacity.ends())  # sooner than the time limit of the cancelled one
    assert cancelled not in capacity.ends()


def test_messages_of_an_earlier_attempt_are_discarded(capacities: Callable[..., Capacity]) -> None:
    """Its chunks would count twice when they are found again."""
    capacity = capacities(1)
    task_run = capacity.assign(Lane.SHORT)
    capacity.preparation.advance()
    while capacity.preparation.deadline:
        capacity.poller.call(capacity.poller.wait(60))
    capacity.preparation.remove(task_run)
    assert list(capacity.preparation.news.take()) == []
    assert capacity.preparation.deadline == float("inf")


@pytest.mark.parametrize(
    "chunks",
    [((16000, 0),), ((-5, 100),), ((0, 0),), ((0, 100), (50, 150))],
    ids=["backwards", "before the start", "empty", "overlapping"],
)
def test_a_media_process_that_sends_nonsense_counts_as_crashed(
    capacities: Callable[..., Capacity], monkeypatch: pytest.MonkeyPatch, chunks: tuple[tuple[int, int], ...]
) -> None:
    capacity = capacities(1)
    task_run = capacity.assign(Lane.SHORT)
    capacity.preparation.advance()
    (link,) = capacity.links
    lie = protocol.CODEC.encode(protocol.Chunks(task_run.task.id, chunks, 1.0))
    assert link.child is not None
    monkeypatch.setattr(link.child, "receive", lambda: lie)  # a real process never sends this
    capacity.run_until(lambda: task_run in capacity.ends())
    failed = capacity.ends()[task_run]
    assert isinstance(failed, MediaFailed)
    assert failed.is_crash
    assert link.child is None
