"""Cleaning of written text for reading aloud: Unicode normalisation and removal of silent characters."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_SQUARES = re.compile(r"[\u3371-\u33df\u33ff]")
"""Units in one character, such as ㎡ and ㎏."""
_POWERS = str.maketrans("23", "²³")
_JOINERS = ("\u200d", "\ufe0e", "\ufe0f", "\u20e3")  # parts of emoji, meaningless without them
_SILENT = ("Cc", "Cf", "Cs", "Co", "Cn")
"""Unicode categories: control, format (zero-width, bidi marks), surrogate, private use and unassigned."""


def tidy(text: str) -> str:
    """Return the text in NFC with "\\n" as its only line end, without characters that have no sound.

    Units in one character become letters, as readers know them (m² for ㎡). Control and zero-width characters
    and bidi marks are removed; emoji and other pictures become a space, so that the words around them stay
    apart.
    """
    lined = _LINE_ENDS.sub("\n", unicodedata.normalize("NFC", text))
    lined = _SQUARES.sub(_unit, lined)
    kept = "".join(_kept(character) for character in lined)
    return _SPACES.sub(" ", kept).strip()


def is_pronounceable(text: str) -> bool:
    """Whether the text contains anything to say: a letter or a digit of any script."""
    return any(character.isalnum() for character in text)


def _unit(square: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", square[0]).translate(_POWERS)


def _kept(character: str) -> str:
    if character in "\n\t":
        return character
    if character in _JOINERS:
        return ""
    category = unicodedata.category(character)
    if category in ("So", "Sk") and ord(character) > 0x2000 and character not in "°℃℉№™":
        return " "
    return "" if category in _SILENT else character
