"""Repairs of Whisper's text: endless loops, half-width punctuation, words cut into tokens. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from voxq.speech.transcript import Word, is_spaceless
from voxq.speech.units import split_units

_LOOP = re.compile(r"(\S.{0,59}?)\1{3,}", re.DOTALL)
_AGAIN, _AGAIN_SPACELESS = 16, 6
"""Letters in the same order that are seldom said twice within half a minute: about four words, or half a
sentence of Chinese."""
_FULL_WIDTH = str.maketrans(",?!:;", "，？！：；")


def without_loops(text: str) -> str:
    """Reduce anything repeated four times or more in a row to one occurrence."""
    while (shorter := _LOOP.sub(r"\1", text)) != text:  # removing an inner loop can leave an outer one
        text = shorter
    return text


def repeats_itself(text: str) -> bool:
    """Whether a passage of some length stands there twice, whatever is between."""
    letters = "".join(filter(str.isalnum, text.casefold()))
    length = _AGAIN_SPACELESS if any(map(is_spaceless, letters)) else _AGAIN
    first: dict[str, int] = {}
    for place in range(len(letters) - length + 1):
        if place - first.setdefault(letters[place : place + length], place) >= length:
            return True
    return False


def full_width(text: str) -> str:
    """Convert punctuation after a Chinese or Japanese character to full width."""
    return "".join(
        mark.translate(_FULL_WIDTH) if is_spaceless(before) else mark for before, mark in pairwise(f" {text}")
    )


def merge_pieces(words: Iterable[Word]) -> tuple[Word, ...]:
    """Make words of Whisper's tokens, which cut Latin words and numbers anywhere ("Tele", "gram"; "mother",
    "-in", "-law's"), and may hold several Chinese characters.

    In scripts with spaces, a piece starts a new word if it starts with a space or follows a Chinese
    character. Chinese and Japanese have a word for each character, with the punctuation after it. Texts are
    stripped, and empty ones dropped.
    """
    merged: list[Word] = []
    for word in words:
        text = word.text.strip()
        if merged and not word.text.startswith(" ") and _continues(merged[-1].text, text):
            merged[-1] = Word(merged[-1].text + text, merged[-1].start, word.end)
        elif text:
            merged.append(Word(text, word.start, word.end))
    return tuple(each for word in merged for each in _characters(word))


def _continues(before: str, piece: str) -> bool:
    return bool(piece) and not is_spaceless(before[-1]) and not is_spaceless(piece[0])


def _characters(word: Word) -> Iterator[Word]:
    """Split a word at its Chinese and Japanese characters, each of which gets its share of the time."""
    units = split_units(word.text)
    if len(units) < 2:
        yield word
        return
    length = (word.end - word.start) / len(units)
    for number, unit in enumerate(units):
        yield Word(unit, word.start + number * length, word.start + (number + 1) * length)
