"""Repairs of Whisper's text: endless loops, half-width punctuation, words cut into tokens. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from voxq.speech.transcript import Word, is_spaceless

_LOOP = re.compile(r"(\S.{0,59}?)\1{3,}", re.DOTALL)
_FULL_WIDTH = str.maketrans(",?!:;", "，？！：；")


def without_loops(text: str) -> str:
    """Reduce anything repeated four times or more in a row to one occurrence."""
    while (shorter := _LOOP.sub(r"\1", text)) != text:  # removing an inner loop can leave an outer one
        text = shorter
    return text


def full_width(text: str) -> str:
    """Convert punctuation after a Chinese or Japanese character to full width."""
    return "".join(
        mark.translate(_FULL_WIDTH) if is_spaceless(before) else mark for before, mark in pairwise(f" {text}")
    )


def merge_pieces(words: Iterable[Word]) -> tuple[Word, ...]:
    """Merge Whisper's tokens into words; in Chinese text, it cuts Latin words and numbers anywhere ("Tele",
    "gram").

    A piece starts a new word if it starts with a space, or if it or the preceding character is not
    alphanumeric in a script with spaces. Texts are stripped, and empty ones dropped.
    """
    merged: list[Word] = []
    for word in words:
        text = word.text.strip()
        if merged and not word.text.startswith(" ") and _continues(merged[-1].text, text):
            merged[-1] = Word(merged[-1].text + text, merged[-1].start, word.end)
        elif text:
            merged.append(Word(text, word.start, word.end))
    return tuple(merged)


def _continues(before: str, piece: str) -> bool:
    return bool(piece) and _is_letter(before[-1]) and _is_letter(piece[0])


def _is_letter(character: str) -> bool:
    return character.isalnum() and not is_spaceless(character)
