"""Languages within one window of Whisper: which it is, and where it changes. Pure.

The figures were measured with whisper-base on speech of four languages (`scripts/bench/hearing.py`). Of a
stretch of 2 s and more, the language found is right, with a probability of 0.8 or more; of one under 1.5 s it
is wrong in a quarter of the cases, with up to 0.73.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voxq.engines.contract import SAMPLE_RATE, Samples
from voxq.engines.recognise.whisper_sound import FRAME, heard_frames

Probabilities = Mapping[str, float]
"""Languages with their probabilities."""

CERTAIN_SECONDS = 1.5
"""Minimum length of speech from which a change of language is believed."""
_CERTAIN = 0.75
"""Minimum probability of another language than the expected one, for a window of its own."""
_PLAUSIBLE = 0.03
"""Minimum probability of a language in the whole window, for it to be found in a part of it."""
_CERTAIN_PART = 0.9
"""Minimum probability among the plausible languages, for a part of a window."""
_HEARD = 0.3
"""Minimum probability among all languages, for a part of a window."""

_PAUSE_FRAMES = 15
"""Quiet frames that separate two parts: 0.3 s. People pause where they change the language."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples from `start` up to `end` in one language."""

    start: int
    end: int
    language: str


def language_of(probabilities: Probabilities, expected: str | None, seconds: float) -> str:
    """Language of a window of `seconds`: the likeliest, but another than the `expected` one must be
    certain."""
    likeliest = max(probabilities, key=probabilities.__getitem__)
    is_certain = seconds >= CERTAIN_SECONDS and probabilities[likeliest] >= _CERTAIN
    return likeliest if expected is None or is_certain else expected


def stretches(
    samples: Samples,
    language: str,
    whole: Probabilities,
    part: Callable[[float, float], Probabilities],
) -> list[Stretch]:
    """Split a window at the pauses where its language changes; one stretch in `language` if it does not.

    `whole` are the probabilities of the whole window, `part` gives those of a part, in seconds. A part in an
    uncertain language goes with the part before it, and at the beginning with `language`.
    """
    plausible = [name for name, probability in whole.items() if probability >= _PLAUSIBLE]
    everything = [Stretch(0, len(samples), language)]
    if len(plausible) < 2:
        return everything
    bounds = parts_of(samples)
    if len(bounds) < 2:
        return everything
    found: list[Stretch] = []
    for start, end in bounds:
        heard = part(start / SAMPLE_RATE, end / SAMPLE_RATE)
        likeliest = max(plausible, key=lambda name: heard.get(name, 0.0))
        total = sum(heard.get(name, 0.0) for name in plausible)
        is_certain = heard.get(likeliest, 0.0) >= max(_HEARD, _CERTAIN_PART * total)
        spoken = likeliest if is_certain else found[-1].language if found else language
        if found and found[-1].language == spoken:
            found[-1] = Stretch(found[-1].start, end, spoken)
        else:
            found.append(Stretch(start, end, spoken))
    return found


def parts_of(samples: Samples) -> list[tuple[int, int]]:
    """Split a window in the middle of each pause into parts of at least 1.5 s, as (start, end) in samples,
    without a gap between them."""
    shortest = int(CERTAIN_SECONDS * SAMPLE_RATE)
    cuts = [0]
    for last, first in itertools.pairwise(heard_frames(samples)):
        place = (last + 1 + first) // 2 * FRAME
        if first - last > _PAUSE_FRAMES and place - cuts[-1] >= shortest:
            cuts.append(place)
    if len(cuts) > 1 and len(samples) - cuts[-1] < shortest:
        cuts.pop()
    return list(zip(cuts, [*cuts[1:], len(samples)], strict=True))
