"""Sounds without speech, made up: noise, tones, music. All float32, mono, 16 kHz, -1.0 to 1.0."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_RATE = 16_000

Samples = npt.NDArray[np.float32]


def sounds() -> dict[str, Samples]:
    """Silence, several kinds of noise, tones, and music-like notes, by name."""
    rng = np.random.default_rng(0)
    eight = _times(8)
    made = {
        "silence": np.zeros(25 * _RATE),
        "hiss": rng.normal(0, 0.001, 8 * _RATE),
        "white noise": rng.normal(0, 0.1, 8 * _RATE),
        "loud noise": rng.normal(0, 0.3, 20 * _RATE),
        "rumble": np.cumsum(rng.normal(0, 0.01, 10 * _RATE)) * 0.05,
        "throbbing noise": rng.normal(0, 0.1, len(eight)) * (1 + np.sin(2 * np.pi * 4 * eight)),
        "clicks": (rng.random(8 * _RATE) > 0.9995) * 0.8,
        "tone": 0.3 * np.sin(2 * np.pi * 440 * eight),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * eight) + rng.normal(0, 0.01, len(eight)),
        "notes": _notes(rng, 25),
        "a knock": rng.normal(0, 0.05, _RATE // 3),
    }
    return {name: np.clip(samples, -1, 1).astype(np.float32) for name, samples in made.items()}


def more_sounds() -> dict[str, Samples]:
    """Sounds of telephones, streets and rooms, and chords with and without drums, by name."""
    rng = np.random.default_rng(1)
    eight = _times(8)
    sweep = 700 + 300 * np.sin(np.pi * eight)
    made: dict[str, npt.NDArray[np.float64]] = {
        "pink noise": _coloured(rng, 6, 0.5),
        "brown noise": _coloured(rng, 14, 1.0),
        "wind": _coloured(rng, 10, 1.0) * 3 * (1 + 0.8 * np.sin(0.6 * np.pi * _times(10))),
        "breath": _coloured(rng, 5, 0.5) * np.clip(np.sin(1.2 * np.pi * _times(5)), 0, 1) ** 2,
        "keys of a telephone": _keys(rng),
        "ringing": _pair(440, 480) * (eight % 3 < 1),
        "engaged": _pair(480, 620) * (eight % 1 < 0.5),
        "siren": 0.3 * np.sin(2 * np.pi * np.cumsum(sweep) / _RATE),
        "humming voice": _humming(6),
        "crackle": np.where(rng.random(8 * _RATE) > 0.998, rng.normal(0, 0.5, 8 * _RATE), 0.0),
        "chords": _band(rng, 12, drums=False),
        "band": _band(rng, 12, drums=True),
        "long band": _band(rng, 25, drums=True),
    }
    return {name: np.clip(samples, -1, 1).astype(np.float32) for name, samples in made.items()}


def _times(seconds: float) -> npt.NDArray[np.float64]:
    return np.arange(int(seconds * _RATE)) / _RATE


def _notes(rng: np.random.Generator, seconds: int) -> Samples:
    half = _times(0.5)
    pitches = 220 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12], seconds * 2) / 12)
    played = [sum(np.sin(2 * np.pi * pitch * h * half) / h for h in (1, 2, 3)) for pitch in pitches]
    return np.concatenate([0.2 * np.exp(-4 * half) * note for note in played]).astype(np.float32)


def _coloured(rng: np.random.Generator, seconds: float, power: float) -> npt.NDArray[np.float64]:
    """Noise whose amplitude falls with frequency to this power."""
    count = int(seconds * _RATE)
    spectrum = np.fft.rfft(rng.normal(0, 1, count))
    spectrum[1:] /= np.fft.rfftfreq(count, 1 / _RATE)[1:] ** power
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, count)
    return 0.1 * noise / np.std(noise)


def _pair(low: float, high: float) -> npt.NDArray[np.float64]:
    eight = _times(8)
    return 0.2 * (np.sin(2 * np.pi * low * eight) + np.sin(2 * np.pi * high * eight))


def _keys(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    times = _times(0.2)
    parts: list[npt.NDArray[np.float64]] = []
    for low, high in zip(
        rng.choice([697, 770, 852, 941], 10), rng.choice([1209, 1336, 1477], 10), strict=True
    ):
        parts += [0.2 * (np.sin(2 * np.pi * low * times) + np.sin(2 * np.pi * high * times)), np.zeros(1600)]
    return np.concatenate(parts)


def _humming(seconds: float) -> npt.NDArray[np.float64]:
    """A voice on one vowel, without words."""
    times = _times(seconds)
    pitch = 140 + 20 * np.sin(0.8 * np.pi * times) + 5 * np.sin(10 * np.pi * times)
    phase = 2 * np.pi * np.cumsum(pitch) / _RATE
    voice = np.zeros_like(times)
    for harmonic in range(1, 25):
        formants = ((500, 120), (1200, 180), (2500, 250))
        gain = sum(np.exp(-(((pitch * harmonic - centre) / width) ** 2)) for centre, width in formants)
        voice += gain * np.sin(harmonic * phase) / harmonic**0.3
    return 0.2 * voice / np.abs(voice).max()


def _band(rng: np.random.Generator, seconds: float, *, drums: bool) -> npt.NDArray[np.float64]:
    """Triads of two seconds and, on every quarter of one, a drum."""
    played = np.zeros(int(seconds * _RATE))
    for begin in range(0, len(played), 2 * _RATE):
        times = np.arange(min(2 * _RATE, len(played) - begin)) / _RATE
        root = 110 * 2 ** (rng.integers(0, 12) / 12)
        for interval in (0, 4, 7):
            for harmonic in range(1, 6):
                pitch = root * 2 ** (interval / 12) * harmonic
                played[begin : begin + len(times)] += 0.05 * np.sin(2 * np.pi * pitch * times) / harmonic
    for number, begin in enumerate(range(0, len(played) if drums else 0, _RATE // 4)):
        count = min(_RATE // 10, len(played) - begin)
        beat = np.arange(count)
        struck = rng.normal(0, 1, count) if number % 2 else np.sin(2 * np.pi * 60 * beat / _RATE)
        played[begin : begin + count] += 0.2 * np.exp(-beat / 800) * struck
    return played
