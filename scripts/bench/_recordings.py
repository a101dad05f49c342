"""What is recognised in the measurements: real speech of known length, made or packaged, never noise."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from voxq.engines import warmup
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.encode import encode

_SCRIPTS = Path(__file__).parents[1]
_CHINESE = _SCRIPTS.parent / "tests" / "data" / "audio"

UPLOAD_BYTES = 160 << 10
"""About 20 s of speech in Opus, a longish voice note."""


def upload(directory: Path) -> Path:
    """A voice note (OGG/Opus, the packaged clip over and over) of UPLOAD_BYTES, give or take one per cent."""
    clip = warmup.clip()
    seconds, encoded = 20.0, b""
    for _ in range(8):
        encoded = encode(np.resize(clip, int(seconds * SAMPLE_RATE)), SAMPLE_RATE, "ogg")
        if abs(len(encoded) / UPLOAD_BYTES - 1) < 0.01:
            break
        seconds *= UPLOAD_BYTES / len(encoded)
    return _written(directory / "upload.ogg", encoded)


def word(directory: Path) -> Path:
    """Half a second of speech (WAV, 16 KB): the least there is for a service around a no-op engine."""
    return _written(directory / "word.wav", encode(warmup.clip()[: SAMPLE_RATE // 2], SAMPLE_RATE, "wav"))


def clip(directory: Path) -> Path:
    """30 s of English (OGG/Opus)."""
    samples, rate = _story()
    return _written(directory / "clip.ogg", encode(samples[: 30 * rate], rate, "ogg"))


def speeches(directory: Path) -> list[Path]:
    """About three minutes to be transcribed: two minutes of English, two Chinese recordings."""
    samples, rate = _story()
    story = _written(directory / "story.ogg", encode(samples, rate, "ogg"))
    return [story, _CHINESE / "zh_meeting.ogg", _CHINESE / "zh_note.ogg"]


def notes(directory: Path, count: int) -> list[Path]:
    """Different English voice notes (OGG/Opus) of 4 to 8 seconds; the same ones every time."""
    samples, rate = _story()
    return [
        _written(directory / f"note-{number}.ogg", encode(note, rate, "ogg"))
        for number, note in enumerate(_cuts(samples, rate, count))
    ]


def _cuts(samples: Samples, rate: int, count: int) -> Iterator[Samples]:
    choose = random.Random(count)
    for _ in range(count):
        length = int(choose.uniform(4.0, 8.0) * rate)
        start = choose.randrange(len(samples) - length)
        yield samples[start : start + length]


def _story() -> tuple[Samples, int]:
    sys.path.insert(0, str(_SCRIPTS))
    from _speak import speak  # only now: loading the voice takes a second

    return speak(" ".join((_SCRIPTS / "demo_story.txt").read_text("utf-8").split()))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
