"""Times of translations: those of the sentences that were translated.

Sentences of both texts are paired in order, by their length (Gale and Church, "A Program for Aligning
Sentences in Bilingual Corpora", 1993): one with one, one with two, or two with one. A translation whose
lengths do not fit gets no times at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

from voxq.rewriting.differences import words
from voxq.rewriting.retiming import spoken_text, word_times
from voxq.speech import sentences
from voxq.speech.transcript import Segment, Transcript

_WHOLE = 10**9
"""Weight of a sentence that is never reached: sentences are not cut between clauses."""
_BAND = 40
"""Sentences by which a pair may be off the diagonal."""
_FARTHEST = log(1.8)
"""Largest logarithm of the ratio between the length of a sentence and what it would be if all were as much
longer or shorter than what they translate as the whole text is."""
_SLACK = 4
"""Characters added to both lengths, because short sentences vary more."""
_MERGED = 0.5
"""Cost of two sentences that became one, or of one that became two."""
_STEPS = ((1, 1, 0.0), (1, 2, _MERGED), (2, 1, _MERGED))


def translated(transcript: Transcript, text: str) -> Transcript | None:
    """Return the transcript with a translation of its text, each of whose segments is one or two sentences
    with the time of those that they translate, without words; None if they cannot be paired."""
    raw = spoken_text(transcript)
    said, written = _sentences(raw), _sentences(text)
    if not said or not written:
        return None if said or written else replace(transcript, text=text, segments=())
    times = word_times(transcript, words(raw))
    counts = [len(words(each)) for each in said]
    pairs = _pairs([len(each) for each in said], [len(each) for each in written])
    if pairs is None or sum(counts) != len(times):
        return None
    segments: list[Segment] = []
    at = index = other = 0
    for before, after in pairs:
        length = sum(counts[index : index + before])
        spoken = times[at : at + length]
        if not spoken:
            return None
        of = transcript.segments[spoken[0].segment]
        speakers = {transcript.segments[each.segment].speaker for each in spoken}
        channels = {transcript.segments[each.segment].channel for each in spoken}
        if len(speakers) > 1 or len(channels) > 1:
            return None  # one sentence of two speakers
        segments.append(
            replace(
                of,
                text=" ".join(written[other : other + after]),
                start=spoken[0].start,
                end=max(each.end for each in spoken),
                words=(),
                raw_text=None,
                spoken=None,
            )
        )
        at, index, other = at + length, index + before, other + after
    return replace(transcript, text=text, segments=tuple(segments))


def _sentences(text: str) -> list[str]:
    return [each.text for each in sentences.split(text, _WHOLE)]


def _pairs(said: Sequence[int], written: Sequence[int]) -> list[tuple[int, int]] | None:
    """Pair sentences of these lengths, in order: how many of each text are in each pair. None if lengths do
    not fit."""
    expected = sum(written) / sum(said)
    slope = len(written) / len(said)
    costs: dict[tuple[int, int], float] = {(0, 0): 0.0}
    steps: dict[tuple[int, int], tuple[int, int]] = {}
    for index in range(1, len(said) + 1):
        middle = round(index * slope)
        for other in range(max(1, middle - _BAND), min(len(written), middle + _BAND) + 1):
            for before, after, cost in _STEPS:
                earlier = costs.get((index - before, other - after))
                if earlier is None:
                    continue
                lengths = sum(said[index - before : index]), sum(written[other - after : other])
                distance = abs(log((lengths[1] + _SLACK) / (expected * lengths[0] + _SLACK)))
                total = earlier + cost + distance
                if distance <= _FARTHEST and total < costs.get((index, other), float("inf")):
                    costs[index, other] = total
                    steps[index, other] = (before, after)
    place = (len(said), len(written))
    found: list[tuple[int, int]] = []
    while place in steps:
        found.append(steps[place])
        place = (place[0] - found[-1][0], place[1] - found[-1][1])
    return found[::-1] if place == (0, 0) else None
