"""Detection of Whisper's prompt repeated as recognised text, as happens in silence. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from voxq.speech.transcript import is_spaceless

_OWN_SHARE = 2 / 3
"""Minimum share of a passage's letters that come from the prompt; Whisper alters some ("这次" for "以下")."""
_LONG_RUN = 5
"""Minimum words, or Chinese characters, in the same order as in the prompt; more than one hotword has."""
_SAME = 0.5
"""Minimum share of a passage's letters found at the same place in the other text. A spoken name is spelled
similarly without its hotword ("John Smith" for "Jon Smyth": 7 of 8); an echo is missing there (0 to 2 of
9)."""


def repeats_prompt(passages: Sequence[str], prompt: str) -> bool:
    """Whether any passage may repeat the prompt: its words in any order, or a part of it verbatim.

    Somebody may really have said it; `confirms` decides by the text recognised without the prompt.
    """
    return any(_may_be_echo(_units(passage), _units(prompt)) for passage in passages)


def confirms(plain: str, passages: Sequence[str], prompt: str) -> bool:
    """Whether `plain`, recognised without a prompt, also has what the passages have in common with the
    prompt."""
    known = _units(prompt)
    heard = _letters(_units(plain))
    said = [_units(passage) for passage in passages]
    whole = _letters(unit for units in said for unit in units)
    in_common = bytearray(len(whole))
    for block in SequenceMatcher(None, whole, heard, autojunk=False).get_matching_blocks()[:-1]:
        # any two texts have single letters in common
        if block.size > 1 or is_spaceless(whole[block.a : block.a + 1]):
            in_common[block.a : block.a + block.size] = b"\1" * block.size
    begin = 0
    for units in said:
        length = len(_letters(units))
        found = in_common[begin : begin + length]
        begin += length
        for first, last in _echoes(units, known):
            if sum(found[first:last]) < _SAME * (last - first):
                return False
    return True


def _may_be_echo(units: Sequence[str], known: Sequence[str]) -> bool:
    return any(True for _ in _echoes(units, known))


def _echoes(units: Sequence[str], known: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Find the positions of echoes in a passage, in letters: all of it, or the longest run that is in the
    prompt."""
    letters = len(_letters(units))
    words = set(known)
    if letters and sum(len(unit) for unit in units if unit in words) >= _OWN_SHARE * letters:
        yield 0, letters
        return
    run = SequenceMatcher(None, units, known, autojunk=False).find_longest_match()
    if run.size >= _LONG_RUN:
        first = len(_letters(units[: run.a]))
        yield first, first + len(_letters(units[run.a : run.a + run.size]))


def _letters(units: Iterable[str]) -> str:
    return "".join(units)


def _units(text: str) -> list[str]:
    """Split a text into words without case and punctuation; in scripts without spaces, into characters."""
    units: list[str] = []
    for run in re.findall(r"[^\W_]+", text.casefold()):
        last = ""
        for character in run:
            if last and not is_spaceless(character) and not is_spaceless(last):
                units[-1] += character
            else:
                units.append(character)
            last = character
    return units
