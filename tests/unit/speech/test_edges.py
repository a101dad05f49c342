"""Segments begin and end where something is heard."""

from __future__ import annotations

import numpy as np
import pytest
from audio import recording

from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.edges import to_sound
from voxq.speech.transcript import Segment, Word


def sound(*loudness: tuple[float, float], noise: float = 0.0) -> Samples:
    """Stretches of noise with so many seconds and such an amplitude each."""
    dice = np.random.default_rng(0)
    parts = [dice.uniform(-level, level, round(seconds * SAMPLE_RATE)) for seconds, level in loudness]
    whole = np.concatenate(parts)
    return (whole + dice.normal(0, noise, len(whole))).astype(np.float32)


PAUSES = ((0.3, 0.0), (1.5, 0.5), (0.6, 0.0), (1.0, 0.2), (0.4, 0.0))


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
@pytest.mark.parametrize("level", [1.0, 0.05])
def test_segments_shrink_to_what_is_heard(noise: float, level: float) -> None:
    samples = sound(*PAUSES, noise=noise) * np.float32(level)
    segments = (Segment("one", 0.0, 2.2), Segment("two", 2.2, 3.8))
    one, two = to_sound(segments, samples)
    assert (one.start, one.end) == (pytest.approx(0.3, abs=0.05), pytest.approx(1.8, abs=0.05))
    assert (two.start, two.end) == (pytest.approx(2.4, abs=0.05), pytest.approx(3.4, abs=0.05))


def test_a_boundary_within_sound_stays() -> None:
    samples = sound((2.0, 0.5))
    segments = (Segment("one", 0.0, 0.9), Segment("two", 0.9, 2.0))
    assert to_sound(segments, samples) == segments


def test_words_stay_within_their_segment() -> None:
    words = (Word("a", 0.0, 0.5), Word("b", 0.5, 2.2))
    (segment,) = to_sound((Segment("a b", 0.0, 2.2, words),), sound(*PAUSES))
    assert segment.words[0].start == segment.start
    assert segment.words[-1].end == segment.end
    assert segment.words[0].end == segment.words[1].start == 0.5


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(16_000), np.eye(1, 16_000, 8_000)[0]])
def test_where_hardly_anything_is_heard_nothing_changes(samples: Samples) -> None:
    segments = (Segment("x", 0.0, 1.0, (Word("x", 0.0, 1.0),)),)
    assert to_sound(segments, samples.astype(np.float32)) == segments


def test_real_sentences_are_not_cut() -> None:
    samples = recording("zh_note")
    segments = (Segment("1", 0.15, 4.49), Segment("2", 4.49, 9.51))
    one, two = to_sound(segments, samples)
    times = (one.start, one.end, two.start, two.end)
    assert times == pytest.approx((0.41, 3.42, 4.7, 9.32), abs=0.06)
