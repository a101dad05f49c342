"""Consistency of sentences: loudness, ends and tempo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from voxq.speech.audio import Samples
from voxq.speech.sentences import Break
from voxq.speech.tempo import stretched
from voxq.speech.voicing import pause_after, voiced

RATE = 24_000


def tone(seconds: float, level: float = 0.3, pitch: float = 220.0) -> Samples:
    return (level * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def rms(samples: Samples) -> float:
    return float(np.sqrt((samples**2).mean()))


def test_quiet_and_loud_sentences_come_out_alike() -> None:
    levels = [rms(voiced(tone(1, level), RATE)) for level in (0.03, 0.3, 0.9)]
    assert max(levels) / min(levels) < 1.05


def test_silence_at_the_ends_goes_and_the_ends_are_at_zero() -> None:
    hush = np.zeros(RATE // 2, np.float32)
    spoken = voiced(np.concatenate([hush, tone(1), hush]), RATE)
    assert len(spoken) / RATE == pytest.approx(1, abs=0.1)
    assert spoken[0] == spoken[-1] == 0
    assert np.abs(np.diff(spoken)).max() < 0.02  # a tone's own steps: no click


@given(
    arrays.arrays(np.float32, st.integers(0, 3000), elements=st.floats(width=32, allow_nan=True)),
)
def test_whatever_a_model_gives_stays_within_bounds(samples: Samples) -> None:
    spoken = voiced(samples, RATE)
    assert np.isfinite(spoken).all()
    assert np.abs(spoken).max(initial=0) <= 1


def test_pauses_are_longer_after_paragraphs_than_after_sentences() -> None:
    lengths = [len(pause_after(ending, RATE)) for ending in (Break.CLAUSE, Break.SENTENCE, Break.PARAGRAPH)]
    assert lengths == sorted(set(lengths))
    assert len(pause_after(Break.SENTENCE, RATE, 2.0)) == lengths[1] // 2


@pytest.mark.parametrize("factor", [0.25, 0.4, 0.5, 0.8, 1, 1.5, 2, 4])
def test_tempo_changes_the_length_and_not_the_pitch(factor: float) -> None:
    samples = tone(2)
    result = stretched(samples, RATE, factor)
    assert len(result) == round(len(samples) / factor)
    spectrum = np.abs(np.fft.rfft(result * np.hanning(len(result))))
    assert spectrum.argmax() * RATE / len(result) == pytest.approx(220, abs=3)
    assert rms(result) == pytest.approx(rms(samples), rel=0.05)


def test_a_tempo_out_of_range_is_refused() -> None:
    for factor in (0.0, 0.2, 5.0, float("nan")):
        with pytest.raises(ValueError, match=r"0\.25 to 4"):
            stretched(tone(0.1), RATE, factor)
