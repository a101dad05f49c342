"""Real speech and other sounds in the form that engines get: float32, mono, 16 kHz."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

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


def sounds() -> dict[str, Samples]:
    """Sounds without speech: silence, several kinds of noise, tones, and music-like notes."""
    rng = np.random.default_rng(0)
    eight = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
    made = {
        "silence": np.zeros(25 * SAMPLE_RATE),
        "hiss": rng.normal(0, 0.001, 8 * SAMPLE_RATE),
        "white noise": rng.normal(0, 0.1, 8 * SAMPLE_RATE),
        "loud noise": rng.normal(0, 0.3, 20 * SAMPLE_RATE),
        "rumble": np.cumsum(rng.normal(0, 0.01, 10 * SAMPLE_RATE)) * 0.05,
        "throbbing noise": rng.normal(0, 0.1, len(eight)) * (1 + np.sin(2 * np.pi * 4 * eight)),
        "clicks": (rng.random(8 * SAMPLE_RATE) > 0.9995) * 0.8,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * eight),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * eight) + rng.normal(0, 0.01, len(eight)),
        "notes": _notes(rng, 25),
        "a knock": rng.normal(0, 0.05, SAMPLE_RATE // 3),
    }
    return {name: np.clip(samples, -1, 1).astype(np.float32) for name, samples in made.items()}


def _notes(rng: np.random.Generator, seconds: int) -> Samples:
    half = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    pitches = 220 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12], seconds * 2) / 12)
    played = [sum(np.sin(2 * np.pi * pitch * h * half) / h for h in (1, 2, 3)) for pitch in pitches]
    return np.concatenate([0.2 * np.exp(-4 * half) * note for note in played]).astype(np.float32)
