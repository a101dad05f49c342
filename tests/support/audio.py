"""Speech and, from `scripts/_sounds.py`, other sounds in the form that engines get: float32, mono, 16 kHz."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from _sounds import sounds as sounds
from _speak import speak
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.decode import decode_blocks

RECORDINGS = Path(__file__).parent.parent / "data" / "audio"

NOTE = (
    "Good morning, this is a short voice note about tomorrow. Please bring the blue folder to the meeting,"
    " and tell Martin that the printer on the second floor is broken again. If it rains, we will take the bus"
    " instead of walking. See you soon."
)


def recording(name: str) -> Samples:
    """Load a recording of the tests, by its name in texts.json."""
    return np.concatenate(list(decode_blocks(RECORDINGS / f"{name}.ogg", max_seconds=60)))


def spoken_text(name: str) -> str:
    """Text spoken in a recording."""
    return json.loads((RECORDINGS / "texts.json").read_text())[name]["text"]


@cache
def english(text: str = NOTE) -> Samples:
    """Speech of the text by hibari, resampled to 16 kHz."""
    samples, rate = speak(text)
    count = round(len(samples) * SAMPLE_RATE / rate)
    times = np.arange(count) * (rate / SAMPLE_RATE)
    return np.interp(times, np.arange(len(samples)), samples).astype(np.float32)
