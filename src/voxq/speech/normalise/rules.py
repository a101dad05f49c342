"""Rules that read figures: a pattern, and a function that reads a match or declines it.

A text is read from left to right. Where a figure may begin, the first rule whose pattern and surroundings fit
says it, and no rule sees what another wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_AROUND = 24
"""Characters beside a match that may decide how it is read."""

Read = Callable[[re.Match[str]], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`read` returns the words for a match, or None where the text around it asks for another reading."""

    pattern: re.Pattern[str]
    read: Read


def rule(pattern: str) -> Callable[[Read], Rule]:
    """Make a rule of the function that is decorated; `pattern` is matched where a figure may begin, and knows
    the digits, letters and spaces of ASCII only."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda read: Rule(compiled, read)


def any_of(words: str | Iterable[str]) -> str:
    """Return a pattern that matches any of the words, the longest first; a text holds one between spaces."""
    known = set(words.split() if isinstance(words, str) else words)
    return "(?:" + "|".join(map(re.escape, sorted(known, key=lambda word: (-len(word), word)))) + ")"


def before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - _AROUND) : match.start()]


def after(match: re.Match[str]) -> str:
    return match.string[match.end() : match.end() + _AROUND]


def read_aloud(text: str, rules: Sequence[Rule], begin: re.Pattern[str], word: re.Pattern[str]) -> str:
    """Return the text with its figures in words. `begin` finds where one may begin; a `word` that no rule
    reads is passed over as a whole."""
    said: list[str] = []
    position = 0
    while start := begin.search(text, position):
        said.append(text[position : start.start()])
        position = start.start()
        if reading := _first_reading(rules, text, position):
            words, position = reading
            said.append(words)
            continue
        whole = word.match(text, position)
        following = whole.end() if whole else position + 1
        said.append(text[position:following])
        position = following
    return "".join([*said, text[position:]])


def _first_reading(rules: Iterable[Rule], text: str, start: int) -> tuple[str, int] | None:
    for each in rules:
        match = each.pattern.match(text, start)
        if match is not None and match.end() > start:
            said = each.read(match)
            if said is not None:
                return said, match.end()
    return None
