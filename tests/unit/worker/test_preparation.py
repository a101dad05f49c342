"""The line before the media processes, which are real."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from audio import RECORDINGS
from plans import model_plan
from task_lab import make_task

from voxq.engines.base import ChunkOptions
from voxq.media import protocol
from voxq.speech.chunking import Chunking
from voxq.tasks.claiming import Held
from voxq.tasks.recordings import Recordings
from voxq.tasks.task import AsrOptions, Lane
from voxq.tasks.work import WorkFiles
from voxq.worker.complaint import Complaint
from voxq.worker.held.assignment import AnyAssignment, Prepared
from voxq.worker.held.recognition import Recognition
from voxq.worker.media.media_link import MediaFailed, MediaLink, News
from voxq.worker.media.preparation import Preparation
from voxq.worker.plan import ModelUnavailable
from voxq.worker.poller import Poller


class Room:
    """A preparation with some processes, and all that it said."""

    def __init__(self, root: Path, processes: int, *, patience: float = 0.0) -> None:
        self.links = [MediaLink(timeout=100) for _ in range(processes)]
        self.recordings = Recordings(root / "recordings", root / "incoming")
        self.work = WorkFiles(root / "work")
        self.heard: list[tuple[AnyAssignment, News]] = []
        self.poller = Poller()
        self.preparation = Preparation(
            self.links,
            self._request_for,
            self.poller,
            Complaint(1),
            sound_seconds=40.0,
            long_seconds=100.0,
            patience=patience,
        )
        self.preparation.hear = lambda assignment, news: self.heard.append((assignment, news))

    def _request_for(self, assignment: AnyAssignment) -> protocol.Prepare:
        task = assignment.task
        if task.options.model is not None:
            raise ModelUnavailable("It is gone.")
        recording = self.recordings.path(task.file)
        return protocol.Prepare(task.id, recording, assignment.directory.pcm, 100, Chunking())

    def assign(self, lane: Lane, seconds: float | None = 23.0, model: str | None = None) -> Recognition:
        """The recording is of 23 seconds, whatever its container promises. No model has a name here."""
        task = make_task(lane=lane, duration=seconds, options=AsrOptions(model=model))
        shutil.copyfile(RECORDINGS / "zh_meeting.ogg", self.recordings.path(task.file))
        held, directory = Held(task, "x"), self.work.open(task)
        assignment = Recognition(held, directory, model_plan(), ChunkOptions(), admitted_at=time.time())
        self.preparation.add(assignment)
        return assignment

    def in_work(self) -> set[AnyAssignment]:
        return {link.assignment for link in self.links if link.assignment is not None}

    def ends(self) -> dict[AnyAssignment, Prepared | MediaFailed]:
        return {assignment: news for assignment, news in self.heard if not isinstance(news, list)}

    def run_until(self, condition: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.preparation.advance()
            self.poller.call(self.poller.wait(0.1))
            self.preparation.enforce_deadlines()


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Callable[..., Room]]:
    made: list[Room] = []

    def make(processes: int, **changes: float) -> Room:
        made.append(Room(tmp_path, processes, **changes))
        return made[-1]

    yield make
    for room in made:
        room.preparation.close()


def test_the_sound_of_long_recordings_is_bounded(rooms: Callable[..., Room]) -> None:
    room = rooms(4)
    first, second = room.assign(Lane.LONG), room.assign(Lane.LONG)
    smaller = room.assign(Lane.LONG, 1.0)
    note = room.assign(Lane.SHORT)
    room.preparation.advance()
    assert room.in_work() == {first, note}, "two long ones would be more than thirty seconds"
    room.run_until(lambda: {first, note} <= room.ends().keys())
    assert not {second, smaller} & room.ends().keys(), "the sound of the first lies there; nobody overtakes"
    room.preparation.remove(first)
    room.run_until(lambda: second in room.ends())


@pytest.mark.parametrize("lane", [Lane.HIGH, Lane.SHORT])
def test_a_long_recording_is_one_in_any_lane(rooms: Callable[..., Room], lane: Lane) -> None:
    room = rooms(2)
    long, other = room.assign(lane, 200.0), room.assign(lane, 200.0)
    note = room.assign(Lane.SHORT)
    room.preparation.advance()
    assert room.in_work() == {long, note}
    room.run_until(lambda: other in room.in_work() | room.ends().keys())
    assert {long, note} <= room.ends().keys()


def test_a_recording_longer_than_promised_waits_for_room(rooms: Callable[..., Room]) -> None:
    room = rooms(3)
    first, liar = room.assign(Lane.LONG), room.assign(Lane.LONG, 1.0)
    room.preparation.advance()
    assert room.in_work() == {first, liar}, "so far they are 24 seconds"
    room.run_until(lambda: first in room.ends() and not room.in_work())
    assert liar not in room.ends()
    pcm = liar.directory.pcm
    assert not pcm.exists()
    room.preparation.remove(first)
    room.run_until(lambda: liar in room.ends())
    assert pcm.stat().st_size == pytest.approx(23 * 64_000, rel=0.01)


def test_a_better_lane_is_decoded_first(rooms: Callable[..., Room]) -> None:
    room = rooms(1)
    room.assign(Lane.LONG, 5.0)
    room.assign(Lane.SHORT, 5.0)
    urgent = room.assign(Lane.HIGH, 5.0)
    room.preparation.advance()
    assert room.in_work() == {urgent}


def test_the_last_process_is_not_for_long_recordings(rooms: Callable[..., Room]) -> None:
    room = rooms(2)
    long = room.assign(Lane.LONG)
    room.preparation.advance()
    other, note = room.assign(Lane.LONG), room.assign(Lane.SHORT)
    room.preparation.advance()
    assert room.in_work() == {long, note}
    assert other not in room.in_work()


def test_a_disk_that_takes_nothing_is_waited_for_within_reason(rooms: Callable[..., Room]) -> None:
    room = rooms(1)
    assignment = room.assign(Lane.SHORT)
    shutil.rmtree(assignment.directory.pcm.parent)
    room.run_until(lambda: assignment in room.ends())
    failed = room.ends()[assignment]
    assert isinstance(failed, MediaFailed)
    assert failed.is_disk_trouble
    assert not failed.is_crash


def test_a_task_cancelled_while_it_is_decoded_holds_up_nobody(rooms: Callable[..., Room]) -> None:
    room = rooms(1, patience=1000.0)
    cancelled, other = room.assign(Lane.SHORT), room.assign(Lane.SHORT)
    room.work.remove(cancelled.task)
    room.preparation.advance()
    assert room.in_work() == {cancelled}
    room.run_until(lambda: other in room.ends())  # sooner than after the patience with the cancelled one
    assert cancelled not in room.ends()


def test_a_model_that_went_away_fails_its_task_only(rooms: Callable[..., Room]) -> None:
    room = rooms(1)
    stranded, other = room.assign(Lane.SHORT, model="gone"), room.assign(Lane.SHORT)
    room.preparation.advance()
    assert room.ends() == {stranded: MediaFailed("model_unavailable", "It is gone.")}
    room.preparation.remove(stranded)
    room.run_until(lambda: other in room.ends())


@pytest.mark.parametrize(
    "chunks",
    [((16000, 0),), ((-5, 100),), ((0, 0),), ((0, 100), (50, 150))],
    ids=["backwards", "before the start", "empty", "overlapping"],
)
def test_a_media_process_that_sends_nonsense_counts_as_crashed(
    rooms: Callable[..., Room], monkeypatch: pytest.MonkeyPatch, chunks: tuple[tuple[int, int], ...]
) -> None:
    room = rooms(1)
    assignment = room.assign(Lane.SHORT)
    room.preparation.advance()
    (link,) = room.links
    lie = protocol.CODEC.encode(protocol.Chunks(assignment.task.id, chunks, 1.0))
    assert link.child is not None
    monkeypatch.setattr(link.child, "receive", lambda: lie)  # no real one can be made to say this
    room.run_until(lambda: assignment in room.ends())
    failed = room.ends()[assignment]
    assert isinstance(failed, MediaFailed)
    assert failed.is_crash
    assert link.child is None
