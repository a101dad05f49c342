"""Conversion of transcript segments to subtitle cues short enough to be read while they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from voxq.speech.character_times import CharacterTimes, count
from voxq.speech.lines import SENTENCE_END, Line, lines_of, printable
from voxq.speech.transcript import Segment

_LINES_PER_CUE = 2
_LONG_CUE = 7_000
"""Milliseconds beyond which a cue gets no second line."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Text shown from `start` to `end`, in milliseconds; its lines are separated by newlines."""

    start: int
    end: int
    text: str
    channel: int | None = None
    """Channel of the speaker, see `Segment.channel`."""
    speaker: str | None = None
    """Name of the speaker, if known."""


def cues_of(segments: Iterable[Segment]) -> list[Cue]:
    """Return cues in order, each at least 1 ms long, none starting before the previous one of its channel
    ends, and none ending after the last segment of its channel, if there is a millisecond for each.

    Times come from the segment's words or, without words, in proportion to the text. No line is empty or
    contains a control character or the arrow "-->".
    """
    channels: dict[int | None, list[Cue]] = {}
    latest: dict[int | None, int] = {}
    for segment in segments:
        cues = channels.setdefault(segment.channel, [])
        latest[segment.channel] = max(latest.get(segment.channel, 0), _milliseconds(segment.end))
        for cue in _split(segment):
            start = max(cue.start, cues[-1].end if cues else 0)
            cues.append(Cue(start, max(cue.end, start + 1), cue.text, segment.channel, segment.speaker))
    found = [cue for channel, cues in channels.items() for cue in _ending_by(latest[channel], cues)]
    return sorted(found, key=lambda cue: cue.start)


def _ending_by(latest: int, cues: list[Cue]) -> list[Cue]:
    """Move those of the last cues that end later: each needs its millisecond, where words have no length."""
    if len(cues) > latest:
        return cues
    moved = list(cues)
    for index in range(len(cues) - 1, -1, -1):
        cue = cues[index]
        if cue.end <= latest:
            break
        moved[index] = replace(cue, start=min(cue.start, latest - 1), end=latest)
        latest = moved[index].start
    return moved


def _split(segment: Segment) -> Iterator[Cue]:
    text = printable(segment.text)
    timeline = _Timeline(segment, text)
    shown: list[Line] = []
    for line in lines_of(text):
        if shown and (
            len(shown) == _LINES_PER_CUE
            or text[: shown[-1].end].rstrip().endswith(tuple(SENTENCE_END))
            or timeline.end_of(line) - timeline.start_of(shown[0]) > _LONG_CUE
        ):
            yield timeline.cue(shown)
            shown = []
        shown.append(line)
    if shown:
        yield timeline.cue(shown)


class _Timeline:
    """Times of the lines of a segment's text, in milliseconds."""

    def __init__(self, segment: Segment, text: str) -> None:
        self._text = text
        self._times = CharacterTimes(segment, text, printable)

    def cue(self, lines: list[Line]) -> Cue:
        shown = "\n".join(self._text[line.start : line.end].strip() for line in lines)
        return Cue(self.start_of(lines[0]), self.end_of(lines[-1]), shown)

    def start_of(self, line: Line) -> int:
        return _milliseconds(self._times.start(count(self._text[: line.start])))

    def end_of(self, line: Line) -> int:
        return _milliseconds(self._times.end(count(self._text[: line.end])))


def _milliseconds(seconds: float) -> int:
    return max(0, round(1000 * seconds))
