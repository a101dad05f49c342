"""Hotwords, checked: some model libraries open a hotword that looks like a file or an address, so such words
are refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from voxq.core.refusal import invalid
from voxq.locale import Message

MAX_HOTWORDS = 100
MAX_HOTWORD_LENGTH = 40

_BETWEEN = re.compile(r"[\s,;，；、]+")
_AROUND = " .!?:\"'“”‘’。！？：()[]"
_WITHIN = frozenset("'’.-·")


def checked_hotwords(given: Any, *, field: str = "hotwords") -> Any:
    """Check the hotwords of a request, a list or a text between commas or spaces; anything else is returned
    unchanged.

    Raises Refusal ("invalid_option", with the name of the `field`).
    """
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        given = "\n".join(given)
    if not isinstance(given, str):
        return given
    words = tuple(filter(None, _BETWEEN.split(unicodedata.normalize("NFC", given))))
    if len(words) > MAX_HOTWORDS:
        raise invalid(field, Message("may have at most {most} words", most=MAX_HOTWORDS))
    if not all(map(_is_hotword, words)):
        raise invalid(
            field,
            Message(
                "may have words of letters and digits, of {most} characters at most",
                most=MAX_HOTWORD_LENGTH,
            ),
        )
    return words


def hotwords_in(text: str) -> tuple[str, ...]:
    """Return the first words of a text that can be hotwords; the others are left out."""
    pieces = _BETWEEN.split(unicodedata.normalize("NFC", text))
    words = (piece.strip(_AROUND) for piece in pieces)
    return together(word for word in words if word and _is_hotword(word))


def together(words: Iterable[str]) -> tuple[str, ...]:
    """Merge hotwords: each once, in their order, up to the maximum number."""
    return tuple(dict.fromkeys(words))[:MAX_HOTWORDS]


def hotwords_of_file(path: Path) -> tuple[str, ...]:
    """Read the words of the operator's file: one a line, `#` starts a comment. Raises OSError."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _is_hotword(word: str) -> bool:
    return (
        len(word) <= MAX_HOTWORD_LENGTH
        and word[0].isalnum()
        and all(c in _WITHIN or unicodedata.category(c)[0] in "LNM" for c in word)
        and not word.lower().endswith(".txt")
    )
