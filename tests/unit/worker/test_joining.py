"""Texts before the joining process, which is real, and is stopped, killed and late here."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from plans import model_plan
from task_lab import make_task

from voxq.engines.synthesis import KeptSpeech, SpeechOptions
from voxq.speech.sentences import Break
from voxq.tasks.claiming import Held
from voxq.tasks.task import Kind, TtsOptions
from voxq.tasks.work import WorkFiles
from voxq.worker.complaint import Complaint
from voxq.worker.held.assignment import Prepared
from voxq.worker.held.chunks import Phrase
from voxq.worker.held.synthesis import Joined, Synthesis
from voxq.worker.media.joining import Grown, Joining, News
from voxq.worker.media.media_link import MediaFailed
from voxq.worker.poller import Poller

RATE = 16_000
SAMPLES = 4000


class Room:
    """A joining process, and all that was heard of it."""

    def __init__(self, root: Path, timeout: float, patience: float) -> None:
        self.work = WorkFiles(root / "work")
        self.heard: list[tuple[Synthesis, News]] = []
        self.poller = Poller()
        self.joining = Joining(
            self.poller,
            Complaint(1),
            timeout=timeout,
            patience=patience,
        )
        self.joining.hear = lambda text, news: self.heard.append((text, news))

    def text(self, sentences: int) -> Synthesis:
        """One of so many sentences, none of which is spoken."""
        task = make_task(kind=Kind.TTS, options=TtsOptions("text", "teller", format="mp3"), duration=9.0)
        held, directory = Held(task, "x"), self.work.open(task)
        text = Synthesis(held, directory, model_plan(), SpeechOptions("teller"), admitted_at=time.time())
        text.find([Phrase(n, n + 1, "x", Break.SENTENCE, 1.0) for n in range(sentences)], None)
        text.prepare(Prepared(0.0, 0.0, 0.0))
        return text

    def speak(self, text: Synthesis, index: int, samples: int = SAMPLES) -> None:
        (np.sin(np.arange(samples) / (5 + index)) / 3).astype("<f4").tofile(text.directory.sound(index))
        text.finish(index, KeptSpeech(samples, RATE), "revision", 0.1)

    def news_of(self, text: Synthesis) -> list[News]:
        return [news for other, news in self.heard if other is text]

    def run_until(self, condition: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.joining.advance()
            self.poller.call(self.poller.wait(0.05))
            self.joining.enforce_deadlines()

    def process(self) -> psutil.Process:
        """The one there is now."""
        (found,) = filter(_joins, psutil.Process().children())
        return found

    def kill(self) -> None:
        """Returns when its end can be noticed, and has not been."""
        self.process().kill()
        assert self.poller.wait(60)


def _joins(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return "voxq.media.joiner" in process.cmdline()
    return False


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Callable[..., Room]]:
    made: list[Room] = []

    def make(timeout: float = 100.0, patience: float = 100.0) -> Room:
        made.append(Room(tmp_path, timeout, patience))
        return made[-1]

    yield make
    for room in made:
        room.joining.close()


def test_sentences_are_joined_in_order_whenever_they_are_spoken(rooms: Callable[..., Room]) -> None:
    room = rooms()
    text = room.text(4)
    assert not room.joining.go_on(text), "nothing is spoken"
    room.speak(text, 1)
    assert not room.joining.go_on(text), "the first one is missing"
    room.speak(text, 0)
    assert room.joining.go_on(text)
    room.run_until(lambda: room.news_of(text) == [Grown()])
    first = text.file.stat().st_size
    assert not room.joining.go_on(text)
    room.speak(text, 3)
    room.speak(text, 2, samples=0)
    assert room.joining.go_on(text)
    room.run_until(lambda: len(room.news_of(text)) == 2)
    joined = room.news_of(text)[-1]
    assert isinstance(joined, Joined)
    assert [round((end - start) * RATE) for start, end in joined.times] == [SAMPLES, SAMPLES, 0, SAMPLES]
    assert joined.duration == pytest.approx(3 * SAMPLES / RATE + 0.3 + 0.3 + 0.12)
    assert text.file.stat().st_size > first


def test_a_text_that_begins_with_silence_waits_for_a_sound(rooms: Callable[..., Room]) -> None:
    room = rooms()
    text = room.text(3)
    room.speak(text, 0, samples=0)
    assert not room.joining.go_on(text), "no rate is known"
    room.speak(text, 1)
    room.speak(text, 2)
    room.joining.go_on(text)
    room.run_until(lambda: room.news_of(text))
    assert isinstance(room.news_of(text)[-1], Joined)


def test_a_book_that_is_there_already_lets_others_pass(rooms: Callable[..., Room]) -> None:
    room = rooms()
    book, note = room.text(100), room.text(1)
    for index in range(100):
        room.speak(book, index)
    room.speak(note, 0)
    room.joining.go_on(book)
    room.joining.go_on(note)
    room.run_until(lambda: any(isinstance(news, Joined) for news in room.news_of(book)))
    (end,) = room.news_of(note)
    assert isinstance(end, Joined)
    assert room.heard.index((note, end)) < 3
    (whole,) = (news for news in room.news_of(book) if isinstance(news, Joined))
    assert len(whole.times) == 100


def test_only_who_was_in_hand_pays_for_a_death_and_all_go_on(rooms: Callable[..., Room]) -> None:
    room = rooms()
    texts = [room.text(2) for _ in range(3)]
    for text in texts:
        room.speak(text, 0)
        room.joining.go_on(text)
    room.run_until(lambda: len(room.heard) == 3)
    undisturbed = [text.file.read_bytes() for text in texts]
    room.process().suspend()
    for text in texts[1:]:
        room.speak(text, 1)
        assert room.joining.go_on(text)
    room.process().kill()
    room.run_until(lambda: all(isinstance(room.news_of(text)[-1], Joined) for text in texts[1:]))
    (crash,) = (news for news in room.news_of(texts[1]) if isinstance(news, MediaFailed))
    assert (crash.code, crash.is_crash) == ("encoder_crashed", True)
    assert [type(news) for news in room.news_of(texts[2])] == [Grown, Joined]
    room.run_until(lambda: texts[0].file.stat().st_size == len(undisturbed[0]))
    assert texts[0].file.read_bytes() == undisturbed[0], "begun anew, with what is spoken"
    room.speak(texts[0], 1)
    room.run_until(lambda: isinstance(room.news_of(texts[0])[-1], Joined))
    assert texts[2].file.read_bytes().startswith(undisturbed[2])


def test_a_death_between_two_requests_is_nobodys_fault(rooms: Callable[..., Room]) -> None:
    room = rooms()
    text = room.text(2)
    room.speak(text, 0)
    room.joining.go_on(text)
    room.run_until(lambda: room.heard)
    room.kill()
    room.speak(text, 1)
    room.joining.go_on(text)
    room.run_until(lambda: isinstance(room.heard[-1][1], Joined))
    assert not any(isinstance(news, MediaFailed) for _, news in room.heard)


def test_who_takes_too_long_is_given_up(rooms: Callable[..., Room]) -> None:
    room = rooms(timeout=0.5)
    text, other = room.text(1), room.text(1)
    room.joining.start()
    room.process().suspend()
    room.speak(text, 0)
    room.joining.go_on(text)
    room.run_until(lambda: room.heard)
    assert room.heard == [(text, MediaFailed("encode_timeout", "Encoding timeout (0.5s exceeded)"))]
    room.joining.remove(text)
    room.speak(other, 0)
    assert room.joining.go_on(other)


def test_a_place_that_is_gone_is_waited_for_within_reason(rooms: Callable[..., Room]) -> None:
    room = rooms(patience=1.0)
    text = room.text(1)
    room.speak(text, 0)
    room.work.remove(text.task)
    started = time.monotonic()
    room.joining.go_on(text)
    room.run_until(lambda: room.heard)
    assert time.monotonic() - started > 1.0
    ((_, failed),) = room.heard
    assert isinstance(failed, MediaFailed)
    assert failed.is_disk_trouble


def test_what_is_not_wanted_any_more_is_dropped(rooms: Callable[..., Room]) -> None:
    room = rooms()
    text, other = room.text(2), room.text(1)
    room.speak(text, 0)
    room.joining.go_on(text)
    room.run_until(lambda: room.heard)
    room.joining.remove(text)
    room.speak(other, 0)
    room.joining.go_on(other)
    room.run_until(lambda: room.news_of(other))
    assert not any(text.task.id in file.path for file in room.process().open_files())
