"""Taking sounds out of a text, with the pauses around them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PAUSES_BEFORE = re.compile(r"(?:[ ]*(?:[,，、…]|\.{2,6}))*[ ]*\Z")
_PAUSES_AFTER = re.compile(r"[ ]*(?:(?:[,，、…]|\.{2,6})[ ]*)*")
_NEAR = 16
"""Characters before a sound in which its pauses are looked for."""
_OPENING = frozenset('.!?。！？；;:：\n"“‘「『（([《-—')
_CLOSING = frozenset('.!?。！？；;\n"”’」』）)]》')
_COMMA_AFTER = re.compile(
    r"(?:\A|[.!?\n] ?)(?:well|so|yes|no|yeah|okay|ok|right|first|second|i mean)\Z", re.I
)
_COMMA_BEFORE = re.compile(r"(?:not|but|so|which|because|although|though|then|or|right)\b")
_KEPT = ",，、"


def opens(text: str, start: int) -> bool:
    """Whether a sentence or a quotation begins at an index, spaces aside."""
    before = text[max(0, start - _NEAR) : start].rstrip(" ")
    return not before or before[-1] in _OPENING


def closes(text: str, end: int) -> bool:
    """Whether a sentence or a quotation ends at an index, spaces aside."""
    after = text[end : end + _NEAR].lstrip(" ")
    return not after or after[0] in _CLOSING


def is_paused(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Whether a comma or a similar mark stands before a stretch, and after it."""
    before = text[max(0, start - _NEAR) : start].rstrip(" ")
    after = text[end : end + _NEAR].lstrip(" ")
    return before[-1:] in (*",，、…",), after[:1] in (*",，、…",) or after[:2] == ".."


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text without the stretches, which are in order; one that is a whole sentence stays.

    Of the pauses around a stretch, the one before it stays if the sentence goes on; not in English between
    two commas, which only set it off.
    """
    kept: list[str] = []
    at = 0
    capital = False
    for start, end in spans:
        if start < at:
            continue
        before = text[at:start]
        left = _PAUSES_BEFORE.search(before, max(0, len(before) - _NEAR))
        cut = at + (left.start() if left else len(before))
        right = _PAUSES_AFTER.match(text, end)
        until = right.end() if right else end
        is_opening, is_closing = opens(text, cut), closes(text, until)
        if is_opening and is_closing:
            continue
        kept.append(_capital(text[at:cut], capital))
        pauses, following = text[cut:start], text[end:until]
        capital = is_opening and text[start].isupper()
        if is_opening:
            kept.append(pauses if pauses.isspace() else "")
        elif not is_closing:
            kept.append(
                _between(text[cut - 1], text[until], pauses, following, _needs_comma(text, cut, until))
            )
        at = until
    kept.append(_capital(text[at:], capital))
    return "".join(kept)


def _between(last: str, first: str, before: str, after: str, needs_comma: bool) -> str:
    """Return what stands between two words when the sound between them is gone."""
    pause = next((mark for mark in before if mark in _KEPT), "")
    if pause == "," and "," in after and first.isascii() and not needs_comma:
        pause = ""
    if pause:
        return pause + (" " if pause == "," and first.isascii() else "")
    had_space = " " in before or " " in after or "," in after
    would_join = last.isalnum() and first.isalnum() and last.isascii() and first.isascii()
    return " " if would_join or (had_space and (last.isascii() or first.isascii())) else ""


def _needs_comma(text: str, end: int, start: int) -> bool:
    """Whether a comma belongs between two stretches anyway: "well, I", "three, not four"."""
    before = _COMMA_AFTER.search(text[max(0, end - _NEAR) : end])
    return before is not None or _COMMA_BEFORE.match(text, start) is not None


def _capital(text: str, wanted: bool) -> str:
    return text[:1].upper() + text[1:] if wanted and text[:1].islower() else text
