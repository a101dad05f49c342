"""Recordings for measurements: real speech of known length, generated or packaged, never noise."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from voxq.engines import warmup
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.encode import encode

_SCRIPTS = Path(__file__).parents[1]
_CHINESE = _SCRIPTS.parent / "tests" / "data" / "audio"
sys.path.append(str(_SCRIPTS))

UPLOAD_BYTES = 160 << 10
"""Size of a long voice note, about 20 s of speech in Opus."""


def upload(directory: Path) -> Path:
    """Make a voice note (OGG/Opus, the packaged clip repeated) of UPLOAD_BYTES, within one per cent."""
    clip = warmup.clip()
    seconds, encoded = 20.0, b""
    for _ in range(8):
        encoded = encode(np.resize(clip, int(seconds * SAMPLE_RATE)), SAMPLE_RATE, "ogg")
        if abs(len(encoded) / UPLOAD_BYTES - 1) < 0.01:
            break
        seconds *= UPLOAD_BYTES / len(encoded)
    return _written(directory / "upload.ogg", encoded)


def word(directory: Path) -> Path:
    """Make half a second of speech (WAV, 16 KB), the minimum for a service with a no-op engine."""
    return _written(directory / "word.wav", encode(warmup.clip()[: SAMPLE_RATE // 2], SAMPLE_RATE, "wav"))


def clip(directory: Path) -> Path:
    """Make 30 s of English (OGG/Opus)."""
    samples, rate = _story()
    return _written(directory / "clip.ogg", encode(samples[: 30 * rate], rate, "ogg"))


def story(directory: Path, times: int = 2) -> tuple[Path, str]:
    """Make English speech of two minutes, several times over (OGG/Opus). Returns it and its text."""
    samples, rate = _story()
    path = _written(directory / "story.ogg", encode(np.tile(samples, times), rate, "ogg"))
    return path, " ".join([_story_text()] * times)


def speeches(directory: Path) -> list[Path]:
    """Make about three minutes of speech: two minutes of English, two Chinese recordings."""
    samples, rate = _story()
    story = _written(directory / "story.ogg", encode(samples, rate, "ogg"))
    return [story, _CHINESE / "zh_meeting.ogg", _CHINESE / "zh_note.ogg"]


def notes(
    directory: Path, count: int, shortest: float = 4.0, longest: float = 8.0, format: str = "ogg"
) -> list[Path]:
    """Make different English voice notes of `shortest` to `longest` seconds, by default OGG/Opus.

    They are the same in every run.
    """
    samples, rate = _story()
    return [
        _written(directory / f"note-{number}.{format}", encode(note, rate, format))
        for number, note in enumerate(_cuts(samples, rate, count, shortest, longest))
    ]


def note() -> Path:
    """Path of a voice note of 10 s in Chinese (OGG/Opus)."""
    return _CHINESE / "zh_note.ogg"


def lecture(directory: Path, minutes: float) -> Path:
    """Make `minutes` minutes of English (OGG/Opus): a story's sentences in changing order, with pauses."""
    choose = random.Random(minutes)
    sentences, rate = _sentences()
    parts: list[Samples] = []
    missing = round(minutes * 60 * rate)
    while missing > 0:
        for sentence in choose.sample(sentences, len(sentences)):
            parts += [sentence, np.zeros(round(choose.uniform(0.2, 1.2) * rate), np.float32)]
            missing -= len(sentence) + len(parts[-1])
    return _written(directory / "lecture.ogg", encode(np.concatenate(parts)[: missing or None], rate, "ogg"))


def _cuts(samples: Samples, rate: int, count: int, shortest: float, longest: float) -> Iterator[Samples]:
    choose = random.Random(count)
    for _ in range(count):
        length = int(choose.uniform(shortest, longest) * rate)
        start = choose.randrange(len(samples) - length)
        yield samples[start : start + length]


def _sentences() -> tuple[list[Samples], int]:
    spoken = [_spoken(sentence) for sentence in re.split(r"(?<=[.!?])\s+", _story_text())]
    return [samples for samples, _ in spoken], spoken[0][1]


def _story() -> tuple[Samples, int]:
    return _spoken(_story_text())


def _story_text() -> str:
    return " ".join((_SCRIPTS / "demo_story.txt").read_text("utf-8").split())


def _spoken(text: str) -> tuple[Samples, int]:
    from _speak import speak  # here, because loading the voice takes a second

    return speak(text)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
