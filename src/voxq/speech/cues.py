"""Conversion of transcript segments to subtitle cues short enough to be read while they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from voxq.speech.lines import Line, lines_of, printable
from voxq.speech.transcript import Segment

_LINES_PER_CUE = 2
_LONG_CUE = 7_000
"""Milliseconds beyond which a cue gets no second line."""
_SENTENCE_END = tuple(".!?。！？…")


@dataclass(frozen=True, slots=True)
class Cue:
    """Text shown from `start` to `end`, in milliseconds; its lines are separated by newlines."""

    start: int
    end: int
    text: str
    channel: int | None = None
    """Channel of the speaker, see `Segment.channel`."""


def cues_of(segments: Iterable[Segment]) -> list[Cue]:
    """Return cues in order, each at least 1 ms long and none starting before the previous one of its channel
    ends.

    Times come from the segment's words or, without words, in proportion to the text. No line is empty or
    contains a control character or the arrow "-->".
    """
    cues: list[Cue] = []
    ends: dict[int | None, int] = {}
    for segment in segments:
        for cue in _split(segment):
            start = max(cue.start, ends.get(segment.channel, 0))
            end = ends[segment.channel] = max(cue.end, start + 1)
            cues.append(Cue(start, end, cue.text, segment.channel))
    return sorted(cues, key=lambda cue: cue.start)


def _split(segment: Segment) -> Iterator[Cue]:
    text = printable(segment.text)
    timeline = _Timeline(segment, text)
    shown: list[Line] = []
    for line in lines_of(text):
        if shown and (
            len(shown) == _LINES_PER_CUE
            or text[: shown[-1].end].rstrip().endswith(_SENTENCE_END)
            or timeline.end_of(line) - timeline.start_of(shown[0]) > _LONG_CUE
        ):
            yield timeline.cue(shown)
            shown = []
        shown.append(line)
    if shown:
        yield timeline.cue(shown)


@dataclass(frozen=True, slots=True)
class _Timed:
    """Characters `first` up to `last`, not counting spaces, spoken from `start` to `end` in seconds."""

    first: int
    last: int
    start: float
    end: float


class _Timeline:
    """Times of the parts of a segment's text."""

    def __init__(self, segment: Segment, text: str) -> None:
        self._text = text
        self._parts = _word_parts(segment, text) or [_Timed(0, _length(text), segment.start, segment.end)]

    def cue(self, lines: list[Line]) -> Cue:
        shown = "\n".join(self._text[line.start : line.end].strip() for line in lines)
        return Cue(self.start_of(lines[0]), self.end_of(lines[-1]), shown)

    def start_of(self, line: Line) -> int:
        """Start of a line in milliseconds."""
        position = _length(self._text[: line.start])
        return _time(next(part for part in self._parts if position < part.last), position)

    def end_of(self, line: Line) -> int:
        """End of a line in milliseconds."""
        position = _length(self._text[: line.end])
        return _time(next(part for part in self._parts if position <= part.last), position)


def _word_parts(segment: Segment, text: str) -> list[_Timed]:
    """Return one part per word, or none if the words do not spell the text."""
    parts: list[_Timed] = []
    spelled = ""
    for word in segment.words:
        letters = printable(word.text).replace(" ", "")
        if letters:
            parts.append(_Timed(len(spelled), len(spelled) + len(letters), word.start, word.end))
            spelled += letters
    return parts if spelled == text.replace(" ", "") else []


def _length(text: str) -> int:
    return len(text) - text.count(" ")


def _time(part: _Timed, position: int) -> int:
    fraction = (position - part.first) / (part.last - part.first)
    return max(0, round(1000 * (part.start + (part.end - part.start) * fraction)))
