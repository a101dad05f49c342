"""Fillers, repetitions and false starts of spoken English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxq.rewriting.light.removal import closes, is_paused, opens, without

_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_BEGIN = rf"(?<![{_LETTER}0-9_'’/@#&+-])(?<![A-Za-z0-9]\.)"
_END = rf"(?![{_LETTER}0-9_'’/@&+])(?!-[{_LETTER}0-9])(?!\.[{_LETTER}0-9])"
_WORD = rf"[{_LETTER}]+(?:['’][{_LETTER}]+)?"

_NUMBERS = (
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred|thousand"
    r"|million"
)
_SOUND = r"(?:[Uu]h+m*|[Uu]m+|[Ee]rm+|[Ee]hm+)"
_SOUNDS = re.compile(rf"{_BEGIN}(?<!\d )(?P<first>{_SOUND})(?:[,… ]{{1,3}}{_SOUND})*{_END}")
"""Not UM and UH, which are universities, nor 5 um."""
_NAME_FOLLOWS = re.compile(r" (?!I\b)[A-Z]")
"""Um Kulthum"""
_NUMBER_BEFORE = re.compile(rf"\b(?:{_NUMBERS}) \Z", re.I)
_PHRASES = re.compile(rf"{_BEGIN}(?:[Ee]r+|[Hh]mm+|[Yy]ou know){_END}")
"""Fillers only between pauses, or between one and an end of the sentence: the ER, do you know him."""
_QUESTION = re.compile(
    r"[, ]*(?:don['’]?t|do|right|what|who|how|why|when|where|that|it|him|her|them)\b", re.I
)

_DOUBLED_WORDS = (
    r"I|the|a|an|and|but|we|they|our|their|your|because|if|I['’]m|it['’]s|we['’]re|there['’]s|I['’]ve"
)
_DOUBLED = re.compile(
    rf"{_BEGIN}(?P<word>{_DOUBLED_WORDS})(?:(?: ?, ?| |… ?)(?P=word)){{1,9}}{_END}(?= {{0,3}}[{_LETTER}0-9])",
    re.I,
)
_PAIRS_TEXT = """
i want|i was|i am|i just|i need|i would|i could|i can|i have|i had|i went|i really|it was|it is|we were|we are
we need|we have|they were|they are|there is|there was|there are|in the|of the|to the|on the|at the|for the
with the|from the|and the|and i|but i|that the|you can|you have|he was|she was|is the|in a|it would|would be
we could|we can|we should|i should|they could
"""
_PAIRS = "|".join(pair for line in _PAIRS_TEXT.split("\n") for pair in line.split("|") if pair)
_REPEATED = re.compile(
    rf"{_BEGIN}(?P<phrase>(?:i|we|he|she|they|it|the|in|on|at|and|but|so)(?: {_WORD}){{2,4}}|{_PAIRS})"
    rf"(?: ?,)? (?P=phrase){_END}(?= {_WORD})",
    re.I,
)
_NEVER_DOUBLED = re.compile(
    rf"n['’]t\b|\b(?:no|not|never|none|nothing|nobody|without|cannot|dont|cant|wont|{_NUMBERS}|more|less)\b",
    re.I,
)

_DOUBLED_START = re.compile(
    rf"{_BEGIN}(?P<word>You|He|She|It)(?: ?,)? (?P<again>you|he|she|it){_END}(?= [{_LETTER}])"
)
"""Only at the beginning of a sentence: "I love you you are" has lost its full stop."""
_AROUND_SOUND = re.compile(
    rf"{_BEGIN}(?P<phrase>{_WORD}(?: {_WORD}){{0,3}})(?: ?[,…])? {_SOUND}(?: ?[,…])? (?P=phrase){_END}"
    rf"(?= {_WORD})",
    re.I,
)
_FRAGMENT = re.compile(
    rf"{_BEGIN}(?:(?P<lead>{_WORD}) )?(?P<part>[{_LETTER}]{{1,6}})-,? (?P<rest>{_WORD}(?: {_WORD})?)"
)
_LETTERS = re.compile(
    rf"{_BEGIN}(?P<part>[{_LETTER}]{{1,2}})(?:-(?P=part)){{1,9}}-(?P<word>(?P=part)[{_LETTER}])", re.I
)
_STUTTERED_I = re.compile(rf"{_BEGIN}I(?:-I){{1,9}}{_END}")

_COMMON_TEXT = """
the and of you is it that we they this was have are with what i'm it's not my i do so but he she for
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_WORDS = re.compile(rf"[{_LETTER}'’]+")
_LOOKED_AT = 20_000
"""Characters that are looked at to tell the language."""


def is_likely(text: str) -> bool:
    """Whether Latin letters are English words: of ten, one is among the commonest of the language."""
    words = _WORDS.findall(text[:_LOOKED_AT].casefold().replace("’", "'"))
    return 10 * sum(word in _COMMON for word in words) >= len(words) > 0


def without_sounds(text: str) -> str:
    """Return the text without um and uh, also among words of another language."""
    return without(text, _sounds(text))


def cleaned(text: str) -> str:
    """Return the text without fillers and without what was said twice by mistake."""
    text = _AROUND_SOUND.sub(_once, text)
    text = without_sounds(text)
    text = without(text, _fillers(text))
    text = _LETTERS.sub(_without_letters, text)
    text = _STUTTERED_I.sub("I", text)
    text = _FRAGMENT.sub(_without_fragment, text)
    text = _DOUBLED.sub(_first, text)
    text = _DOUBLED_START.sub(_first_of_sentence, text)
    return _REPEATED.sub(_once, text)


def _sounds(text: str) -> Iterator[tuple[int, int]]:
    for match in _SOUNDS.finditer(text):
        is_name = match[0][0].isupper() and (
            not opens(text, match.start()) or _NAME_FOLLOWS.match(text, match.end())
        )
        is_unit = _NUMBER_BEFORE.search(text, max(0, match.start() - 12), match.start()) is not None
        if not (is_name or is_unit):
            yield match.span()


def _fillers(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHRASES.finditer(text):
        start, end = match.span()
        pause_before, pause_after = is_paused(text, start, end)
        is_opening, is_closing = opens(text, start), closes(text, end)
        is_apart = (pause_before and (pause_after or is_closing)) or (is_opening and pause_after)
        if is_apart and not (pause_after and _QUESTION.match(text, end)):
            yield start, end


def _first(match: re.Match[str]) -> str:
    """Return the word once, unless all are capitalised: The The is a band."""
    is_name = match["word"] not in ("I", "I'm", "I’m", "I've", "I’ve") and match["word"][0].isupper()
    if is_name and match[0].split()[-1][0].isupper():
        return match[0]
    return match["word"]


def _first_of_sentence(match: re.Match[str]) -> str:
    return match["word"] if match["word"].casefold() == match["again"] else match[0]


def _without_letters(match: re.Match[str]) -> str:
    """Take out stuttered letters, but put a capital at the beginning of the word."""
    word = match["word"]
    return word[0].upper() + word[1:] if match[0][0].isupper() else word


def _once(match: re.Match[str]) -> str:
    return match[0] if _NEVER_DOUBLED.search(match["phrase"]) else match["phrase"]


def _without_fragment(match: re.Match[str]) -> str:
    """Take out what was broken off and said again: "I w- I want", "w- want"; not "pre- and post-war"."""
    lead, part = match["lead"], match["part"].casefold()
    first, _, second = match["rest"].casefold().partition(" ")
    if _NEVER_DOUBLED.search(part):
        return match[0]
    if lead and first == lead.casefold() and second.startswith(part) and second != part:
        return lead + match["rest"][len(lead) :]
    if first.startswith(part) and first != part:
        return f"{lead} {match['rest']}" if lead else match["rest"]
    return match[0]
