"""Splitting of a text into the units that get times: words, and in Chinese and Japanese characters. Pure."""

from __future__ import annotations

from voxq.speech.transcript import is_spaceless


def split_units(text: str) -> list[str]:
    """Split a text into words; in Chinese and Japanese, into characters.

    Punctuation stays with the preceding unit, or after a space with the next one. Joined, the units are the
    text without spaces; a text without letters and digits has none.
    """
    units: list[str] = []
    held = ""  # punctuation that has no unit yet
    last = ""
    for run in text.split():
        begins = True
        for character in run:
            if not character.isalnum():
                if begins:
                    held += character
                else:
                    units[-1] += character
                continue
            if begins or is_spaceless(character) or is_spaceless(last):
                units.append(held + character)
                held = ""
            else:
                units[-1] += character
            begins, last = False, character
        if begins and units:  # a dash between spaces
            units[-1] += held
            held = ""
    return units
