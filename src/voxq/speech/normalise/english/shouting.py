"""Sentences in capital letters, which the phonemiser takes for names and spells: THE FOX JUMPS, IT WAS."""

from __future__ import annotations

import re

_WORD = r"(?<![\w'’])[A-Z]+(?:['’][A-Z]+)?(?![\w'’])"
_SHOUTED = re.compile(rf"{_WORD}(?:[^\w\n]{{1,3}}{_WORD}){{2,}}")
_EACH = re.compile(_WORD)
_ARTICLE = re.compile(r"(?<![\w.'’])A(?= [A-Z]{2})")
_VOWEL = re.compile("[AEIOUY]")
_LONG = 4
"""Letters from which on a word with a vowel is no abbreviation that is spelled: NASA and OPEC are said as
words anyway."""
_SHORT = frozenset(
    """
    an and any are as at be but by can did do for get go got had has he her him his how if in is it its let me
    my new no not now of off old on one or our out say see she so the to too two up use was way we who why yes
    yet you all am
    """.upper().split()
)
"""Words that an abbreviation is not mistaken for; US is not among them."""

_CONTRACTED = frozenset(("T", "M", "LL", "RE", "VE", "D"))
"""Ends of DON'T, I'M, THEY'LL: no abbreviation has them, other than that of FBI'S."""


def calmed(text: str) -> str:
    """Write three capitalised words or more in small letters, if one of them belongs to a sentence: a row of
    abbreviations has no "the". Short words that may be abbreviations stay. Linear in the length of the
    text."""
    return _SHOUTED.sub(_calmed_run, text)


def _calmed_run(run: re.Match[str]) -> str:
    words = _EACH.findall(run[0])
    if _SHORT.isdisjoint(words):
        return run[0]
    said = _ARTICLE.sub("a", run[0])
    return _EACH.sub(lambda word: word[0].lower() if _is_word(word[0]) else word[0], said)


def _is_word(word: str) -> bool:
    base, _, contracted = word.replace("’", "'").partition("'")
    if base in _SHORT or contracted in _CONTRACTED:
        return True
    return len(base) >= _LONG and _VOWEL.search(base) is not None
