"""Pitch of speech, at the same speed."""

from __future__ import annotations

import numpy as np
import pytest

from voxq.speech.audio import Samples
from voxq.speech.tempo import stretched

RATE = 24_000


def tone(hertz: float, seconds: float = 1.0) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def hertz_of(samples: Samples) -> float:
    """Loudest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum)) * RATE / (8 * len(samples))


@pytest.mark.parametrize("semitones", [-12.0, -3.0, 0.5, 4.0, 12.0])
@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
def test_a_tone_moves_by_semitones_and_lasts_as_long_as_its_speed_says(
    semitones: float, speed: float
) -> None:
    moved = stretched(tone(440.0), RATE, speed, semitones)
    assert len(moved) == round(RATE / speed)
    middle = moved[len(moved) // 4 : -len(moved) // 4]
    assert 12 * np.log2(hertz_of(middle) / 440.0) == pytest.approx(semitones, abs=0.15)


def test_nothing_is_heard_above_the_highest_pitch() -> None:
    """A high sound that moves beyond what the rate can hold is left out, and does not come back mirrored."""
    moved = stretched(tone(9_000.0), RATE, 1.0, 12.0)
    assert float(np.abs(moved[RATE // 10 : -RATE // 10]).max()) < 0.02


@pytest.mark.parametrize("semitones", [-25.0, 25.0, float("nan")])
def test_a_pitch_out_of_range_is_refused(semitones: float) -> None:
    with pytest.raises(ValueError, match="semitones"):
        stretched(tone(440.0), RATE, 1.0, semitones)
