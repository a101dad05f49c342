"""Times of a rewritten text: those of the words of the transcript that it was made from.

The words of both texts are aligned (`differences`). A word that both have keeps its time; words that took the
place of others share theirs; words that were put in share the time of the word beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from voxq.rewriting.differences import Operation, difference
from voxq.rewriting.differences import Word as Written
from voxq.speech.character_times import CharacterTimes
from voxq.speech.lines import SENTENCE_END
from voxq.speech.transcript import Segment, Transcript, Word, join_texts

_OPENING = frozenset("「『（《【〈“‘([{¿¡")
"""Marks that belong to the word after them."""


@dataclass(frozen=True, slots=True)
class Time:
    """Time of a word in seconds, and the index of the segment that it was spoken in."""

    segment: int
    start: float
    end: float


def retimed(transcript: Transcript, text: str) -> Transcript:
    """Return the transcript with a text that was made from its own, whose words keep their order.

    Each of its segments is what became of one of the transcript, with words. Times never run backwards within
    a channel, and lie within the recording.
    """
    found = difference(spoken_text(transcript), text, with_case=False)
    times = _rewritten_times(found.rewritten, found.operations, word_times(transcript, found.raw))
    if not times:
        segments = (Segment(text, 0.0, transcript.duration),) if text.strip() else ()
        return replace(transcript, text=text, segments=segments)
    times = _in_order(times, transcript)
    changes = (index for index in range(1, len(times)) if times[index].segment > times[index - 1].segment)
    pieces = [slice(first, end) for first, end in pairwise([0, *changes, len(times)])]
    segments = tuple(
        _segment(transcript.segments[times[each.start].segment], text, found.rewritten[each], times[each])
        for each in pieces
    )
    return replace(transcript, text=text, segments=segments)


def spoken_text(transcript: Transcript) -> str:
    """Return the text of a transcript's segments: what was rewritten."""
    return join_texts(segment.text for segment in transcript.segments)


def word_times(transcript: Transcript, words: Sequence[Written]) -> list[Time]:
    """Return the time of each of the words of `spoken_text`, in order."""
    spans = list(_spans(transcript))
    times: list[Time] = []
    index = 0
    for word in words:
        while index + 1 < len(spans) and word.start >= spans[index + 1].start:
            index += 1
        times.append(spans[index].time_of(word))
    return times


class _Span:
    """A segment within the text of all of them, from character `start` on."""

    def __init__(self, index: int, segment: Segment, start: int) -> None:
        self.start = start
        self._index = index
        self._text = segment.text.strip()
        self._times = CharacterTimes(segment, self._text)
        self._counts = [0, *accumulate(not character.isspace() for character in self._text)]

    def time_of(self, word: Written) -> Time:
        last = len(self._text)
        first, end = (self._counts[min(at - self.start, last)] for at in (word.start, word.end))
        start = self._times.start(first)
        return Time(self._index, start, max(start, self._times.end(end)))


def _spans(transcript: Transcript) -> Iterator[_Span]:
    at = 0
    before = ""
    for index, segment in enumerate(transcript.segments):
        text = segment.text.strip()
        if not text:
            continue
        if before:
            at += len(join_texts((before[-1], text[0]))) - 2  # the space between them, if there is one
        yield _Span(index, segment, at)
        at += len(text)
        before = text


def _rewritten_times(
    words: Sequence[Written], operations: Iterable[Operation], raw: Sequence[Time]
) -> list[Time]:
    """Return the times of the rewritten words; none where no word has one."""
    times: list[Time | None] = [None] * len(words)
    inserted: list[range] = []
    for each in operations:
        if each.kind == "equal":
            for index, index_there in zip(each.raw, each.rewritten, strict=True):
                times[index_there] = raw[index]
        elif each.kind == "replace":
            _replace(times, words, each.rewritten, raw[each.raw.start : each.raw.stop])
        elif each.kind == "insert":
            inserted.append(each.rewritten)
    for each in inserted:
        _insert(times, words, each)
    return [time for time in times if time is not None]  # all of them, or none


def _replace(
    times: list[Time | None], words: Sequence[Written], place: range, replaced: Sequence[Time]
) -> None:
    """Time words that took the place of others, of which there is at least one: along these, by length."""
    shares = [share * len(replaced) for share in _shares(words, place)]
    for index, (first, end) in zip(place, pairwise(shares), strict=True):
        previous = times[index - 1] if index > place.start else None
        if previous is not None and words[index].is_mark and words[index].text not in _OPENING:
            times[index] = replace(previous, start=previous.end)
            continue
        before = min(int(first), len(replaced) - 1)
        after = max(before, math.ceil(end) - 1)
        start = _within(replaced[before], first - before)
        segment = replaced[before].segment
        ends_there = replaced[after].segment == segment
        finish = _within(replaced[after], end - after) if ends_there else _end_of(segment, replaced)
        times[index] = Time(segment, start, max(start, finish))


def _insert(times: list[Time | None], words: Sequence[Written], place: range) -> None:
    """Time words that were put in: with the word before them up to the last end of a sentence among them, and
    with the word after them from there on."""
    before = _anchor(times, words, range(place.start - 1, -1, -1))
    after = _anchor(times, words, range(place.stop, len(words)))
    cut = _cut(words, place)
    if before is None or after is None:
        cut = place.stop if after is None else place.start
    if before is not None and cut > place.start:
        index, time = before
        _spread(times, words, range(index, cut), time)
    if after is not None and cut < place.stop:
        index, time = after
        _spread(times, words, range(cut, index + 1), time)


def _anchor(times: Sequence[Time | None], words: Sequence[Written], among: range) -> tuple[int, Time] | None:
    """Return the first of these words that has a time, with it: a mark only if no other word has."""
    found: tuple[int, Time] | None = None
    for index in among:
        if (time := times[index]) is not None:
            if not words[index].is_mark:
                return index, time
            found = found or (index, time)
    return found


def _cut(words: Sequence[Written], place: range) -> int:
    """Return the index of the first inserted word that belongs to what follows."""
    start = place.start - 1 if place.start and words[place.start - 1].text in SENTENCE_END else place.start
    ends = [index + 1 for index in range(start, place.stop) if words[index].text in SENTENCE_END]
    cut = max(ends[-1], place.start) if ends else place.stop
    while cut < place.stop and words[cut].is_mark and words[cut].text not in _OPENING:
        cut += 1  # such as the quotation mark that closes the sentence
    while cut == place.stop and cut > place.start and words[cut - 1].text in _OPENING:
        cut -= 1
    return cut


def _spread(times: list[Time | None], words: Sequence[Written], place: range, time: Time) -> None:
    """Share out a time among neighbours, by length."""
    for index, (first, end) in zip(place, pairwise(_shares(words, place)), strict=True):
        times[index] = Time(time.segment, _within(time, first), _within(time, end))


def _shares(words: Sequence[Written], place: range) -> list[float]:
    """Return the shares of the time, from 0 to 1, at which each word begins and the last one ends: marks take
    none, except among themselves."""
    lengths = [0 if words[index].is_mark else len(words[index].text) for index in place]
    lengths = lengths if any(lengths) else [1] * len(lengths)
    whole = sum(lengths)
    return [length / whole for length in (0, *accumulate(lengths))]


def _within(time: Time, share: float) -> float:
    return time.start + (time.end - time.start) * min(max(share, 0.0), 1.0)


def _end_of(segment: int, times: Iterable[Time]) -> float:
    return max(time.end for time in times if time.segment == segment)


def _in_order(times: Iterable[Time], transcript: Transcript) -> list[Time]:
    """Return the times so that none runs backwards: segments in all, seconds within a channel."""
    ends: dict[int | None, float] = {}
    latest = transcript.duration or math.inf
    segment = 0
    kept: list[Time] = []
    for time in times:
        segment = max(segment, time.segment)
        channel = transcript.segments[segment].channel
        start = min(max(time.start, ends.get(channel, 0.0)), latest)
        ends[channel] = min(max(time.end, start), latest)
        kept.append(Time(segment, start, ends[channel]))
    return kept


def _segment(of: Segment, text: str, words: Sequence[Written], times: Sequence[Time]) -> Segment:
    """Return what became of a segment: these neighbouring words, of which there is at least one."""
    firsts = [0]
    """Index of the first word or mark of each spoken word: marks belong to the word that they stand by."""
    for index in range(1, len(words)):
        is_begun = any(not word.is_mark for word in words[firsts[-1] : index])
        opens = words[index].text in _OPENING
        if is_begun and (opens or not words[index].is_mark):
            firsts.append(index)
    spoken = tuple(
        Word(text[words[first].start : words[end - 1].end], times[first].start, times[end - 1].end)
        for first, end in pairwise([*firsts, len(words)])
    )
    whole = text[words[0].start : words[-1].end]
    return replace(
        of, text=whole, start=times[0].start, end=times[-1].end, words=spoken, raw_text=None, spoken=None
    )
