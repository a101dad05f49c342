"""Alignment of a text with the times of its words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voxq.speech.transcript import Segment, Word, is_spaceless, join_texts, words_within

_ENDS = frozenset(".?!。？！…")
_CLOSING = "\"'”’」』》)]）】"


def align(units: Sequence[str], pieces: Sequence[tuple[str, float, float]]) -> tuple[Word, ...]:
    """Combine the units of `split_units` with the times in seconds of their pieces: word parts, letters,
    characters.

    Empty if the pieces spell a different text.
    """
    spelled = [(letter, start, end) for text, start, end in pieces for letter in _letters(text)]
    if [letter for letter, _, _ in spelled] != [letter for unit in units for letter in _letters(unit)]:
        return ()
    words: list[Word] = []
    begin = 0
    for unit in units:
        end = begin + len(_letters(unit))
        words.append(Word(unit, spelled[begin][1], spelled[end - 1][2]))
        begin = end
    return tuple(words)


def sentences(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Split the words after each end of a sentence."""
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if ends_sentence(word.text):
            yield tuple(sentence)
            sentence = []
    if sentence:
        yield tuple(sentence)


def ends_sentence(unit: str) -> bool:
    """Whether a sentence ends with this word."""
    return unit.rstrip(_CLOSING)[-1:] in _ENDS


def segments(text: str, words: Sequence[Word], seconds: float, show_words: bool) -> tuple[Segment, ...]:
    """Make a segment for each sentence if the times of the words are known, else one for the whole chunk."""
    if not text:
        return ()
    if not words:
        return (Segment(text, 0.0, seconds),)
    return tuple(
        Segment(join_texts(w.text for w in said), said[0].start, said[-1].end, said if show_words else ())
        for said in sentences(words_within(words, seconds))
    )


def language_of_script(units: Sequence[str]) -> str:
    """Derive the language from the script, for models that know Chinese and English and do not report which
    it was."""
    return "zh" if any(is_spaceless(unit[0]) for unit in units) else "en"


def _letters(text: str) -> list[str]:
    return [character.casefold() for character in text if character.isalnum()]
