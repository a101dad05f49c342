"""Comparison of synthesised speech with the text that it should say, after it was recognised again."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from voxq.speech.sentences import spoken_seconds

MOST_WRONG = 0.25
"""Share of wrong characters from which speech is bad: twice what small recognisers get wrong in clear
speech."""
SLOWEST_RATE, FASTEST_RATE = 0.4, 2.5
"""Speech rates outside of which speech is bad, relative to the usual one."""
_SHORTEST = 4
"""Characters below which one wrong one proves nothing: such a text is judged by its rate alone."""


@dataclass(frozen=True, slots=True)
class Verification:
    """How far speech agrees with its text."""

    cer: float
    """Character error rate: the fewest characters to insert, delete and replace, per character of the text;
    more than 1 if far more was said."""
    rate: float
    """Speed relative to what a text of this length usually takes; 0 for speech without sound."""
    characters: int
    """Characters of the text that count: letters and digits."""

    @property
    def is_good(self) -> bool:
        """Whether the speech can be given to a client."""
        is_right = self.characters < _SHORTEST or self.cer <= MOST_WRONG
        return is_right and SLOWEST_RATE <= self.rate <= FASTEST_RATE

    @property
    def badness(self) -> tuple[bool, float]:
        """Key by which the best of several tries comes first."""
        return (not self.is_good, self.cer)


def verify(text: str, heard: str, seconds: float, speed: float = 1.0) -> Verification:
    """Compare a text, as it was to be read out, with what was recognised in `seconds` of its speech, made at
    `speed`. Case, marks, spaces and accents do not count."""
    wanted, said = comparable(text), comparable(heard)
    cer = distance(wanted, said) / len(wanted) if wanted else float(bool(said))
    usual = spoken_seconds(text) / speed
    return Verification(round(cer, 4), round(usual / seconds, 3) if seconds > 0 else 0.0, len(wanted))


def comparable(text: str) -> str:
    """Return the letters and digits of a text, in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def distance(one: str, other: str) -> int:
    """Return the Levenshtein distance of two texts."""
    if len(one) < len(other):
        one, other = other, one
    above = list(range(len(other) + 1))
    for row, character in enumerate(one, 1):
        left, diagonal = row, row - 1
        for column, against in enumerate(other, 1):
            cost = min(above[column] + 1, left + 1, diagonal + (character != against))
            diagonal, above[column - 1], left = above[column], left, cost
        above[-1] = left
    return above[-1]
