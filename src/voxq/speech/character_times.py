"""Times of the characters of a segment: from its words or, without words, in proportion to its text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from voxq.speech.transcript import Segment


class CharacterTimes:
    """Times of the characters of a text that a segment has. A position is a number of characters from its
    beginning, white space not counted."""

    def __init__(self, segment: Segment, text: str, shown: Callable[[str], str] = str) -> None:
        """`text`: the segment's own, after `shown`, which is applied to its words, too."""
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._lasts: list[int] = []
        """Position at which each stretch of steady speech ends."""
        spelled = ""
        for word in segment.words:
            letters = _without_spaces(shown(word.text))
            if letters:
                spelled += letters
                self._add(len(spelled), word.start, word.end)
        if not spelled or spelled != _without_spaces(
            text
        ):  # the words are of another text, such as one without marks
            self._starts, self._ends, self._lasts = [], [], []
            self._add(max(1, count(text)), segment.start, segment.end)

    def start(self, position: int) -> float:
        """Return the second at which the character after `position` begins; the end if there is none."""
        index = min(bisect_right(self._lasts, position), len(self._lasts) - 1)
        return self._at(index, position)

    def end(self, position: int) -> float:
        """Return the second at which the character before `position` ends; the beginning if there is none."""
        index = min(bisect_left(self._lasts, position), len(self._lasts) - 1)
        return self._at(index, position)

    def _add(self, last: int, start: float, end: float) -> None:
        self._lasts.append(last)
        self._starts.append(start)
        self._ends.append(end)

    def _at(self, index: int, position: int) -> float:
        first = self._lasts[index - 1] if index else 0
        fraction = (position - first) / (self._lasts[index] - first)
        return self._starts[index] + (self._ends[index] - self._starts[index]) * min(1.0, fraction)


def count(text: str) -> int:
    """Return the number of characters that are no white space."""
    return len(_without_spaces(text))


def _without_spaces(text: str) -> str:
    return "".join(text.split())
