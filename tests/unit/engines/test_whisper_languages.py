"""Languages within a window of Whisper. The probabilities are those of whisper-base."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from voxq.engines.recognise.whisper_languages import Stretch, language_of, parts_of, stretches
from voxq.speech.audio import SAMPLE_RATE, Samples


def speech(*seconds: float) -> Samples:
    """Tones of so many seconds, with silence of half a second between them."""
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    tones: list[Samples] = []
    for length in seconds:
        times = np.arange(int(length * SAMPLE_RATE)) / SAMPLE_RATE
        tones += [(0.3 * np.sin(2 * np.pi * 200 * times)).astype(np.float32), pause]
    return np.concatenate(tones[:-1])


@pytest.mark.parametrize(
    ("heard", "expected", "seconds", "language"),
    [
        ({"en": 0.6, "zh": 0.4}, None, 0.5, "en"),
        ({"en": 0.73, "es": 0.2}, "es", 0.6, "es"),
        ({"en": 0.99, "zh": 0.01}, "zh", 0.8, "zh"),
        ({"hi": 0.39, "es": 0.2}, "es", 2.0, "es"),
        ({"zh": 0.95, "en": 0.05}, "en", 3.0, "zh"),
    ],
    ids=["nothing else to go by", "a short word", "a short word, however sure", "unsure", "a change"],
)
def test_another_language_must_be_certain(
    heard: dict[str, float], expected: str | None, seconds: float, language: str
) -> None:
    assert language_of(heard, expected, seconds) == language


def test_parts_are_cut_in_pauses_and_long_enough() -> None:
    assert parts_of(speech(4.0)) == [(0, 4 * SAMPLE_RATE)]
    assert len(parts_of(speech(2.0, 3.0))) == 2
    assert len(parts_of(speech(0.5, 0.5, 3.0, 0.5))) == 1 + 1
    bounds = parts_of(speech(2.0, 2.0, 2.0))
    assert bounds[0][0] == 0 and bounds[-1][1] == len(speech(2.0, 2.0, 2.0))
    assert all(a[1] == b[0] for a, b in pairwise(bounds))


def test_silence_is_one_part() -> None:
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)
    assert parts_of(silence) == [(0, len(silence))]
    assert parts_of(silence[:0]) == [(0, 0)]


def found(whole: dict[str, float], *parts: dict[str, float]) -> list[str]:
    samples = speech(*([2.0] * len(parts)))
    heard = iter(parts)
    language = max(whole, key=lambda name: whole[name])
    return [s.language for s in stretches(samples, language, whole, lambda start, end: next(heard))]


def test_a_change_within_a_window_is_found() -> None:
    whole = {"en": 0.65, "zh": 0.34}
    assert found(whole, {"en": 0.998}, {"zh": 0.995}) == ["en", "zh"]
    assert found(whole, {"en": 0.998}, {"en": 0.96, "zh": 0.01}) == ["en"]


def test_an_uncertain_part_is_no_change() -> None:
    whole = {"zh": 0.86, "en": 0.13}
    assert found(whole, {"tl": 0.83, "en": 0.04, "zh": 0.02}, {"zh": 0.9}) == ["zh"]
    assert found(whole, {"en": 0.38, "zh": 0.23, "vi": 0.2}, {"zh": 0.9}) == ["zh"]
    assert found(whole, {"en": 0.9}, {"th": 0.3, "zh": 0.01}, {"zh": 0.99}) == ["en", "zh"]


def test_a_window_that_is_clearly_in_one_language_is_not_looked_at_further() -> None:
    def part(start: float, end: float) -> dict[str, float]:
        raise AssertionError("a part was looked at")

    samples = speech(2.0, 2.0)
    assert stretches(samples, "en", {"en": 0.99, "de": 0.01}, part) == [Stretch(0, len(samples), "en")]
