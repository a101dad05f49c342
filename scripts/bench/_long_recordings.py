"""Long recordings for `long_files.py`, the same in every run: prose by synthetic voices, with pauses as in a
lecture, without any for a while, in two languages, and in noise."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _long_texts import CHINESE, ENGLISH
from _window_clips import english as hibari_says
from _window_clips import kokoro_says, levelled

from voxq.engines.contract import SAMPLE_RATE, Samples
from voxq.speech.encode import encode

_ROOT = Path(__file__).parents[2]
_STORY = (_ROOT / "scripts" / "demo_story.txt").read_text("utf-8")
_READERS = ("zf_xiaobei", "zm_yunxi")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_PAUSE = (0.15, 0.8)
_BETWEEN_PARAGRAPHS = (1.0, 2.5)
_HURRIED = 3
"""Every third paragraph is read without pauses between its sentences."""
_BELOW = 10.0
"""Decibels from the speech down to the noise."""


@dataclass(frozen=True, slots=True)
class Long:
    """A long recording and what is said in it. `languages`: in order of their first words."""

    name: str
    languages: tuple[str, ...]
    text: str
    samples: Samples

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    def write(self, directory: Path) -> Path:
        """Write it as OGG/Opus."""
        path = directory / f"{self.name}.ogg"
        path.write_bytes(encode(self.samples, SAMPLE_RATE, "ogg"))
        return path


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    samples: Samples


def recordings(folder: Path) -> list[Long]:
    """Make the recordings; what Kokoro says takes minutes and is kept in `folder`."""
    english = [*_english(_STORY), *_english(ENGLISH)]
    chinese = list(_chinese(folder))
    plain = _joined("english", ("en",), english)
    return [
        plain,
        _joined("chinese", ("zh",), chinese),
        _joined("mixed", ("en", "zh"), _in_turns(english, chinese)),
        Long("noisy", ("en",), plain.text, _in_noise(plain.samples)),
    ]


def _english(text: str) -> Iterator[list[_Said]]:
    for paragraph in text.split("\n\n"):
        sentences = _SENTENCE.split(" ".join(paragraph.split()))
        yield [_Said(sentence, hibari_says(sentence)) for sentence in sentences]


def _chinese(folder: Path) -> Iterator[list[_Said]]:
    for number, paragraph in enumerate(CHINESE.split("\n\n")):
        reader = _READERS[number % len(_READERS)]
        sentences = filter(None, _SENTENCE.split(paragraph))
        yield [_Said(sentence, kokoro_says(folder, reader, sentence)) for sentence in sentences]


def _in_turns(english: Sequence[list[_Said]], chinese: Sequence[list[_Said]]) -> list[list[_Said]]:
    """Passages of one to three sentences in turns, each half of the text."""
    choose = random.Random("mixed")
    lists = [[said for paragraph in paragraphs for said in paragraph] for paragraphs in (english, chinese)]
    passages: list[list[_Said]] = []
    places = [0, 0]
    while all(place < len(said) // 2 for place, said in zip(places, lists, strict=True)):
        which = len(passages) % 2
        count = choose.randint(1, 3)
        passages.append(lists[which][places[which] : places[which] + count])
        places[which] += count
    return passages


def _joined(name: str, languages: tuple[str, ...], paragraphs: Sequence[Sequence[_Said]]) -> Long:
    choose = random.Random(name)
    parts: list[Samples] = []
    for number, paragraph in enumerate(paragraphs):
        for said in paragraph:
            is_last = said is paragraph[-1]
            if is_last:
                pause = choose.uniform(*_BETWEEN_PARAGRAPHS)
            else:
                pause = 0.0 if number % _HURRIED == 1 else choose.uniform(*_PAUSE)
            parts += [levelled(said.samples), np.zeros(int(pause * SAMPLE_RATE), np.float32)]
    text = " ".join(said.text for paragraph in paragraphs for said in paragraph)
    return Long(name, languages, text, np.concatenate(parts))


def _in_noise(samples: Samples) -> Samples:
    """Add white noise and four voices of the same recording, together `_BELOW` decibels below the speech."""
    noise = np.random.default_rng(3).normal(0, 1, len(samples)).astype(np.float32)
    voices = sum(np.roll(samples, len(samples) * part // 5) for part in range(1, 5))
    power = float(np.sqrt(np.mean(samples**2)) / 10 ** (_BELOW / 20) / np.sqrt(2))
    mixed = samples + sum(power * each / np.sqrt(np.mean(each**2)) for each in (noise, voices))
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)
