"""Texts that wait for the real joining process, which is stopped, killed and slow here."""

from __future__ import annotations

import contextlib
import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from runs import task_run_of
from task_lab import make_task

from voxq.kinds.pieces import Phrase
from voxq.kinds.speech import SpeechOptions
from voxq.kinds.work import Joined, Prepared
from voxq.processes.child import Child
from voxq.processes.media import join_protocol as protocol
from voxq.processes.model.protocol import KeptSpeech
from voxq.speech.sentences import Break
from voxq.storage.scratch import WorkFiles
from voxq.worker.disk_trouble import DiskWarnings
from voxq.worker.media import joining
from voxq.worker.media.joining import Grown, Joining, News
from voxq.worker.media.media_link import MediaFailed
from voxq.worker.poller import Poller
from voxq.worker.runs.task_run import TaskRun

pytestmark = pytest.mark.slow  # it starts processes

SUPPORT = Path(__file__).parents[2] / "support"
RATE = 16_000
SAMPLES = 4000


class Capacity:
    """Joining process, and all events from it."""

    def __init__(self, root: Path, timeout: float, patience: float) -> None:
        self.root = root
        self.heard: list[tuple[TaskRun, News]] = []
        self.poller = Poller()
        self.joining = Joining(
            self.poller,
            DiskWarnings(1),
            timeout=timeout,
            patience=patience,
        )

    def text(self, sentences: int) -> TaskRun:
        """One of so many sentences, none of which is spoken."""
        task = make_task(kind="tts", options=SpeechOptions("teller", format="mp3"), duration=9.0)
        text = task_run_of(task, self.root / "work")
        text.find([Phrase(n, n + 1, "x", Break.SENTENCE, 1.0) for n in range(sentences)])
        text.prepare(Prepared(0.0, 0.0, 0.0))
        return text

    def speak(self, text: TaskRun, index: int, samples: int = SAMPLES) -> None:
        (np.sin(np.arange(samples) / (5 + index)) / 3).astype("<f4").tofile(text.directory.sound(index))
        text.first.finish(index, KeptSpeech(samples, RATE), "revision", 0.1)

    def news_of(self, text: TaskRun) -> list[News]:
        return [news for other, news in self.heard if other is text]

    def run_until(self, condition: Callable[[], object], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            self.joining.advance()
            self.poller.call(self.poller.wait(0.05))
            self.joining.enforce_deadlines()
            self.heard += self.joining.news.take()

    def process(self) -> psutil.Process:
        """Current joining process."""
        (found,) = filter(_joins, psutil.Process().children())
        return found

    def kill(self) -> None:
        """Kill the process; returns when its end can be noticed but has not been."""
        self.process().kill()
        assert self.poller.wait(60)


def _joins(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return "voxq.processes.media.joiner" in process.cmdline()
    return False


@pytest.fixture
def capacities(tmp_path: Path) -> Iterator[Callable[..., Capacity]]:
    made: list[Capacity] = []

    def make(timeout: float = 100.0, patience: float = 100.0) -> Capacity:
        made.append(Capacity(tmp_path, timeout, patience))
        return made[-1]

    yield make
    for capacity in made:
        capacity.joining.close()


def test_sentences_are_joined_in_order_whenever_they_are_spoken(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities()
    text = capacity.text(4)
    assert not capacity.joining.go_on(text), "nothing is spoken"
    capacity.speak(text, 1)
    assert not capacity.joining.go_on(text), "the first one is missing"
    capacity.speak(text, 0)
    assert capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.news_of(text) == [Grown()])
    first = text.policy.output.path.stat().st_size
    assert not capacity.joining.go_on(text)
    capacity.speak(text, 3)
    capacity.speak(text, 2, samples=0)
    assert capacity.joining.go_on(text)
    capacity.run_until(lambda: len(capacity.news_of(text)) == 2)
    joined = capacity.news_of(text)[-1]
    assert isinstance(joined, Joined)
    assert [round((end - start) * RATE) for start, end in joined.times] == [SAMPLES, SAMPLES, 0, SAMPLES]
    assert joined.duration == pytest.approx(3 * SAMPLES / RATE + 0.3 + 0.3 + 0.12)
    assert text.policy.output.path.stat().st_size > first


def test_a_text_that_begins_with_silence_waits_for_the_first_audio(
    capacities: Callable[..., Capacity],
) -> None:
    capacity = capacities()
    text = capacity.text(3)
    capacity.speak(text, 0, samples=0)
    assert not capacity.joining.go_on(text), "no rate is known"
    capacity.speak(text, 1)
    capacity.speak(text, 2)
    capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.news_of(text))
    assert isinstance(capacity.news_of(text)[-1], Joined)


def test_a_short_text_is_joined_before_a_long_one_that_came_first(
    capacities: Callable[..., Capacity],
) -> None:
    capacity = capacities()
    book, note = capacity.text(100), capacity.text(1)
    for index in range(100):
        capacity.speak(book, index)
    capacity.speak(note, 0)
    capacity.joining.go_on(book)
    capacity.joining.go_on(note)
    capacity.run_until(lambda: any(isinstance(news, Joined) for news in capacity.news_of(book)))
    (end,) = capacity.news_of(note)
    assert isinstance(end, Joined)
    assert capacity.heard.index((note, end)) < 3
    (whole,) = (news for news in capacity.news_of(book) if isinstance(news, Joined))
    assert len(whole.times) == 100


def test_a_crash_is_blamed_on_the_current_text_only_and_all_continue(
    capacities: Callable[..., Capacity],
) -> None:
    capacity = capacities()
    texts = [capacity.text(2) for _ in range(3)]
    for text in texts:
        capacity.speak(text, 0)
        capacity.joining.go_on(text)
    capacity.run_until(lambda: len(capacity.heard) == 3)
    undisturbed = [text.policy.output.path.read_bytes() for text in texts]
    capacity.process().suspend()
    for text in texts[1:]:
        capacity.speak(text, 1)
        assert capacity.joining.go_on(text)
    capacity.process().kill()
    capacity.run_until(lambda: all(isinstance(capacity.news_of(text)[-1], Joined) for text in texts[1:]))
    (crash,) = (news for news in capacity.news_of(texts[1]) if isinstance(news, MediaFailed))
    assert (crash.code, crash.is_crash) == ("encoder_crashed", True)
    assert [type(news) for news in capacity.news_of(texts[2])] == [Grown, Joined]
    capacity.run_until(lambda: texts[0].policy.output.path.stat().st_size == len(undisturbed[0]))
    assert texts[0].policy.output.path.read_bytes() == undisturbed[0], "begun anew, with what is spoken"
    capacity.speak(texts[0], 1)
    capacity.run_until(lambda: isinstance(capacity.news_of(texts[0])[-1], Joined))
    assert texts[2].policy.output.path.read_bytes().startswith(undisturbed[2])


@pytest.mark.parametrize("times", [(), ((0.0, 0.1), (0.1, 0.2))], ids=["none", "two"])
def test_a_process_that_sends_other_times_than_those_asked_for_is_ended(
    capacities: Callable[..., Capacity],
    monkeypatch: pytest.MonkeyPatch,
    times: tuple[tuple[float, float], ...],
) -> None:
    capacity = capacities()
    text = capacity.text(1)
    joined = protocol.Joined(f"{text.task.id}.1", times, 1.0, RATE, 0.1)
    message = json.dumps(protocol.CODEC.encode(joined)).encode()
    told = (struct.pack("!i", len(message)) + message).hex()

    def start(module: str) -> Child:
        return Child.start("lying_child", [told], {"PYTHONPATH": str(SUPPORT)})

    monkeypatch.setattr(joining, "Child", type("Liar", (), {"start": staticmethod(start)}))
    capacity.speak(text, 0)
    capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.heard)
    (_, failed) = capacity.heard[0]
    assert isinstance(failed, MediaFailed)
    assert (failed.code, failed.is_crash) == ("encoder_crashed", True)


def test_a_crash_between_requests_is_blamed_on_no_text(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities()
    text = capacity.text(2)
    capacity.speak(text, 0)
    capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.heard)
    capacity.kill()
    capacity.speak(text, 1)
    capacity.joining.go_on(text)
    capacity.run_until(lambda: isinstance(capacity.heard[-1][1], Joined))
    assert not any(isinstance(news, MediaFailed) for _, news in capacity.heard)


def test_a_text_that_takes_too_long_fails(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(timeout=0.5)
    text, other = capacity.text(1), capacity.text(1)
    capacity.joining.start()
    capacity.process().suspend()
    capacity.speak(text, 0)
    capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.heard)
    assert capacity.heard == [(text, MediaFailed("encode_timeout", "Encoding timeout (0.5s exceeded)"))]
    capacity.joining.remove(text)
    capacity.speak(other, 0)
    assert capacity.joining.go_on(other)


def test_a_missing_directory_is_waited_for_only_so_long(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities(patience=1.0)
    text = capacity.text(1)
    capacity.speak(text, 0)
    WorkFiles(capacity.root / "work").remove(text.task)
    started = time.monotonic()
    capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.heard)
    assert time.monotonic() - started > 1.0
    ((_, failed),) = capacity.heard
    assert isinstance(failed, MediaFailed)
    assert failed.is_disk_trouble


def test_cancelled_texts_are_dropped(capacities: Callable[..., Capacity]) -> None:
    capacity = capacities()
    text, other = capacity.text(2), capacity.text(1)
    capacity.speak(text, 0)
    capacity.joining.go_on(text)
    capacity.run_until(lambda: capacity.heard)
    capacity.joining.remove(text)
    capacity.speak(other, 0)
    capacity.joining.go_on(other)
    capacity.run_until(lambda: capacity.news_of(other))
    assert not any(text.task.id in file.path for file in capacity.process().open_files())
