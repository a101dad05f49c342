"""Whether a transcript supports its summary: the bullets, the times that they cite, and what they say."""

from __future__ import annotations

from itertools import pairwise

from voxq.locale import Message
from voxq.rewriting.checks.compared import Compared
from voxq.rewriting.differences import words
from voxq.rewriting.request import Rewrite
from voxq.rewriting.times import CITED, cited

_STEM = 5
"""Letters of a Latin word that are compared: "decided" and "decision" are one."""
_LONG = 4
"""Letters from which a Latin word says something."""
_OVERALL = 0.35
_EACH = 0.2
"""Shares of words (in Chinese, pairs of characters) that occur in the transcript: of all, of each bullet."""
_LINE = 0.5
"""The same share, of a bullet that is shown before the summary is finished."""
_FEW = 6
"""Words of a bullet too short to be judged."""


def form(compared: Compared) -> Message | None:
    """Check that each line is a bullet."""
    for line in filter(str.strip, compared.answer.splitlines()):
        if not line.lstrip().startswith("- "):
            return Message("A line of the summary is no bullet: {line}", line=repr(line.strip()[:60]))
    return None


def times(compared: Compared) -> Message | None:
    """Check that each bullet cites a time at which a segment begins, if the model was shown times."""
    if not compared.rewrite.segments:
        return None
    known = {max(0, int(start)) for start, _, _ in compared.rewrite.segments}
    for line in filter(str.strip, compared.answer.splitlines()):
        found = cited(line)
        if not found:
            return Message("A line of the summary cites no time: {line}", line=repr(line.strip()[:60]))
        if wrong := next((each for each in CITED.finditer(line) if cited(each[0])[0] not in known), None):
            return Message("The transcript has no segment at {time}", time=wrong[0])
    return None


def support(compared: Compared) -> Message | None:
    """Check that most words of the summary occur in the transcript."""
    source = _units(compared.raw)
    total = found = 0
    for line in compared.written.splitlines():
        units = _units(CITED.sub(" ", line))
        here = sum(unit in source for unit in units)
        total, found = total + len(units), found + here
        if len(units) > _FEW and here < _EACH * len(units):
            return Message("The transcript does not say this: {line}", line=repr(line.strip()[:60]))
    if found < _OVERALL * total:
        return Message("The transcript does not say most of the summary")
    return None


def is_supported(rewrite: Rewrite, line: str) -> bool:
    """Whether a line is a bullet of which the transcript says at least half of the words."""
    units = _units(CITED.sub(" ", line))
    here = len(units & _units(rewrite.text))
    return line.lstrip().startswith("- ") and here >= _LINE * len(units)


def _units(text: str) -> set[str]:
    said = [word.text.casefold() for word in words(text) if not word.is_mark]
    units = {word[:_STEM] for word in said if word.isascii() and len(word) >= _LONG}
    units |= {a + b for a, b in pairwise(said) if not (a.isascii() or b.isascii())}
    return units
