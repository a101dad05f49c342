"""Measures of speech: level, noise, clipping, and how they are combined."""

from __future__ import annotations

import numpy as np
import pytest

from voxq.engines.warmup import clip
from voxq.speech.audio import Samples
from voxq.speech.sound_measures import NOTHING, QUIETEST, combined, measured

SECOND = 16_000


def noise(seconds: float, level: float, seed: int = 1) -> Samples:
    samples = np.random.default_rng(seed).normal(0, 10 ** (level / 20), round(seconds * SECOND))
    return samples.astype(np.float32)


def test_speech_is_measured_without_its_pauses() -> None:
    speech = clip()
    alone = measured(speech)
    with_pause = measured(np.concatenate([speech, np.zeros(5 * SECOND, np.float32)]))
    assert with_pause.seconds == pytest.approx(alone.seconds + 5)
    assert with_pause.speech_seconds == pytest.approx(alone.speech_seconds, abs=0.1)
    assert with_pause.level == pytest.approx(alone.level, abs=0.2)
    assert 5 < alone.speech_seconds < 8.6


@pytest.mark.parametrize("gain", [0.5, 0.05])
def test_a_level_follows_the_gain(gain: float) -> None:
    one, other = measured(clip()), measured(clip() * np.float32(gain))
    assert one.level - other.level == pytest.approx(-20 * np.log10(gain), abs=0.1)


@pytest.mark.parametrize("level", [-30, -45])
def test_noise_is_found_below_speech(level: int) -> None:
    padded = np.concatenate([np.zeros(SECOND, np.float32), clip()])
    found = measured(padded + noise(len(padded) / SECOND, level))
    assert found.noise == pytest.approx(level, abs=1.5)


def test_what_is_cut_off_is_clipped_and_loud_peaks_are_not() -> None:
    assert measured(clip()).clipped == 0.0
    overdriven = np.clip(clip() * 20, -1.0, 1.0)
    assert measured(overdriven).clipped > 0.05
    peaks = np.zeros(SECOND, np.float32)
    peaks[::100] = 1.0
    assert measured(peaks).clipped == 0.0


@pytest.mark.parametrize("length", [0, 7, SECOND])
def test_silence_has_no_level(length: int) -> None:
    found = measured(np.zeros(length, np.float32))
    assert (found.speech_seconds, found.level, found.noise, found.clipped) == (0.0, QUIETEST, QUIETEST, 0.0)


def test_parts_are_combined_as_if_they_were_one() -> None:
    speech = clip() + noise(len(clip()) / SECOND, -50)
    half = len(speech) // 2
    whole = measured(speech)
    parts = combined([measured(speech[:half]), measured(speech[half:])])
    assert parts.seconds == pytest.approx(whole.seconds)
    assert parts.speech_seconds == pytest.approx(whole.speech_seconds, abs=0.5)
    assert parts.level == pytest.approx(whole.level, abs=0.5)
    assert parts.noise == pytest.approx(whole.noise, abs=2)


def test_nothing_combined_is_nothing() -> None:
    assert combined([]) == NOTHING
    assert combined([NOTHING, measured(np.zeros(SECOND, np.float32))]).seconds == 1.0
