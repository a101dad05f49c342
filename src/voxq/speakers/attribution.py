"""Division of a transcript at the turns of its speakers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from voxq.speech.character_times import CharacterTimes, count
from voxq.speech.transcript import Segment, Word
from voxq.speech.units import split_units

_LONGEST_SLIP = 0.3
"""Seconds of a unit that alone is of another speaker, which is taken for an error of its times."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Speech of one speaker, from `start` to `end` in seconds."""

    start: float
    end: float
    speaker: int
    """Number of the speaker, from 0."""


def attributed(segments: Iterable[Segment], turns: Sequence[Turn], names: Sequence[str]) -> list[Segment]:
    """Give each segment its speaker, by the names of `turns`, and divide those in which the speaker changes.

    A segment is divided between two words, by the times of its words or, without words, in proportion to
    its text. One beside all turns goes to the nearest; without any turn, nothing changes.
    """
    kept = list(segments)
    if not turns:
        return kept
    return [part for segment in kept for part in _divided(segment, turns, names)]


def _divided(segment: Segment, turns: Sequence[Turn], names: Sequence[str]) -> Iterator[Segment]:
    units = split_units(segment.text)
    times = CharacterTimes(segment, segment.text)
    position = 0
    timed: list[tuple[float, float, int]] = []
    for unit in units:
        end = position + count(unit)
        start_time, end_time = times.start(position), times.end(end)
        timed.append((start_time, end_time, _speaker_at(start_time, end_time, turns)))
        position = end
    if not timed:
        yield replace(segment, speaker=names[_speaker_at(segment.start, segment.end, turns)])
        return
    speakers = _without_slips(timed)
    runs = [(speaker, len(list(run))) for speaker, run in groupby(speakers)]
    if len(runs) == 1:
        yield replace(segment, speaker=names[runs[0][0]])
        return
    first = 0
    edges: list[tuple[int, int]] = []
    for _, length in runs:
        edges.append((first, first + length))
        first += length
    texts = _cut(segment.text, [sum(count(unit) for unit in units[one:other]) for one, other in edges])
    raw = _cut_raw(segment.raw_text, ["".join(units[one:other]) for one, other in edges])
    starts = [segment.start, *(timed[one][0] for one, _ in edges[1:])]
    ends = [*(timed[other - 1][1] for _, other in edges[:-1]), segment.end]
    words = _words_of(segment.words, starts[1:])
    for index, (speaker, _) in enumerate(runs):
        end = max(
            starts[index], min(ends[index], starts[index + 1] if index + 1 < len(runs) else segment.end)
        )
        yield replace(
            segment,
            text=texts[index],
            start=starts[index],
            end=end,
            words=words[index],
            raw_text=raw[index],
            speaker=names[speaker],
            events=segment.events if index == 0 else (),
        )


def _speaker_at(start: float, end: float, turns: Sequence[Turn]) -> int:
    """Return who speaks longest in this time; of nobody, who speaks nearest to it."""
    heard: dict[int, float] = {}
    nearest, distance = turns[0].speaker, float("inf")
    for turn in turns:
        overlap = min(end, turn.end) - max(start, turn.start)
        if overlap > 0:
            heard[turn.speaker] = heard.get(turn.speaker, 0.0) + overlap
        elif -overlap < distance:
            nearest, distance = turn.speaker, -overlap
    return max(heard, key=lambda speaker: heard[speaker]) if heard else nearest


def _without_slips(timed: Sequence[tuple[float, float, int]]) -> list[int]:
    """Give a short unit between two of one other speaker to that one."""
    speakers = [speaker for _, _, speaker in timed]
    for index in range(1, len(timed) - 1):
        before, after = speakers[index - 1], speakers[index + 1]
        start, end, speaker = timed[index]
        if before == after != speaker and end - start <= _LONGEST_SLIP:
            speakers[index] = before
    return speakers


def _cut(text: str, lengths: Sequence[int]) -> list[str]:
    """Cut a text into parts of so many characters, white space not counted; the last is the rest."""
    parts: list[str] = []
    start = 0
    for length in lengths[:-1]:
        end, seen = start, 0
        while end < len(text) and seen < length:
            seen += not text[end].isspace()
            end += 1
        parts.append(text[start:end].strip())
        start = end
    return [*parts, text[start:].strip()]


def _cut_raw(text: str | None, parts: Sequence[str]) -> list[str | None]:
    """Cut the text without marks where the other is cut: after as many letters and digits."""
    if text is None:
        return [None] * len(parts)
    cuts: list[int] = []
    position = 0
    for part in parts[:-1]:
        left = sum(map(str.isalnum, part))
        while position < len(text) and left:
            left -= text[position].isalnum()
            position += 1
        cuts.append(position)
    edges = [0, *cuts, len(text)]
    return [text[one:other].strip() for one, other in pairwise(edges)]


def _words_of(words: Sequence[Word], starts: Sequence[float]) -> list[tuple[Word, ...]]:
    """Divide the words between the parts that begin at these times, besides the first."""
    parts: list[list[Word]] = [[] for _ in range(len(starts) + 1)]
    for word in words:
        middle = (word.start + word.end) / 2
        parts[sum(1 for start in starts if start <= middle)].append(word)
    return [tuple(part) for part in parts]
