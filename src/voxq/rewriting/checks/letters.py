"""The letters of a text that was only to be punctuated."""

from __future__ import annotations

import re
import unicodedata

from voxq.locale import Message
from voxq.rewriting.checks.compared import Compared

_IN_FIGURE = re.compile(r"(?<=\d)[.,:/](?=\d)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’](?=[^\W\d_])")
_SIGNS = frozenset("%@&#*/\\")
"""Marks of Unicode that are read aloud, and therefore stay."""


def letters(compared: Compared) -> Message | None:
    """Check that all is the same but marks, spaces and the case of the first letters of words.

    Marks within figures (3.5, 12:30) and signs such as % count as letters; an apostrophe may be added.
    """
    before, after = _kept(compared.raw), _kept(compared.written)
    if before == after and len(_apostrophes(compared.raw)) <= len(_apostrophes(compared.written)):
        return None
    if before.casefold() == after.casefold():
        return Message("Words were changed: other capitals, or an apostrophe less")
    at = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    return Message("Words were changed: {words}", words=repr(before[max(0, at - 8) : at + 8]))


def begins_alike(raw: str, begun: str) -> bool:
    """Whether the letters of a text begin with those of another."""
    return _kept(raw).casefold().startswith(_kept(begun).casefold())


def _kept(text: str) -> str:
    marked = _IN_FIGURE.sub(
        lambda mark: {".": "\ue000", ",": "\ue001", ":": "\ue002"}.get(mark[0], "\ue003"), text
    )
    kept: list[str] = []
    is_first = True
    for character in marked:
        category = unicodedata.category(character)
        if category[0] in "LMNS" or category == "Co" or character in _SIGNS:
            kept.append(character.lower() if is_first else character)
            is_first = False
        elif not (character in "'’" and kept and not is_first):
            is_first = True
    return "".join(kept)


def _apostrophes(text: str) -> list[str]:
    return _APOSTROPHE.findall(text)
