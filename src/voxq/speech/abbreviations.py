"""Detection of full stops that end no sentence: after abbreviations, initials and list numbers."""

from __future__ import annotations

import re

_NEVER_LAST_TEXT = """
mr mrs ms mx dr prof rev hon gen col capt cpt lt sgt maj cmdr sen rep gov pres st ste mt ft messrs mmes
e.g i.e eg ie cf vs viz al approx ca sr sra srta dra mme mlle m
"""
_BEFORE_NUMBER_TEXT = """
no nos nr p pp fig figs vol vols ch sec art op eq ed para
"""
_MAYBE_LAST_TEXT = """
inc ltd co corp llc plc jr esq bros dept assn ave blvd rd a.m p.m b.c a.d ph.d m.d b.a m.a
jan feb apr jun jul aug sep sept oct nov dec
"""
_STARTERS_TEXT = """
the a an this that these those he she it we they i you his her its our their my your there here in on at
as and but or so if when while after before then now what who where why how is are was were do does did
can could will would please let no yes not for from with to by of all some many most every each one el la
los las un una le les une il elle je tu nous vous
another any both few several such other others more much only even also still just again always never often
sometimes soon later today tomorrow yesterday tonight meanwhile instead otherwise finally perhaps maybe
because since though although however therefore thus unless until whether which whose during despite between
within without under over through across above below about against around into upon among yet once nor
may might must shall should have has had been being am don't doesn't didn't isn't aren't it's i'm i've we're
that's there's they're you're
"""

_NEVER_LAST = frozenset(_NEVER_LAST_TEXT.split())
"""Abbreviations that are always followed by another word of the same sentence."""
_BEFORE_NUMBER = frozenset(_BEFORE_NUMBER_TEXT.split())
"""Abbreviations only before a number: "No. 5" is one sentence, "No. I do not" is two."""
_MAYBE_LAST = frozenset(_MAYBE_LAST_TEXT.split())
"""Abbreviations that may also end a sentence."""
_NEVER_BEFORE_NAME = frozenset(("etc",))
"""Abbreviations that end the sentence before any capital letter: no name belongs to them, as to "Inc."."""
_STARTERS = frozenset(_STARTERS_TEXT.split())
"""Words that, when capitalised, begin a sentence more often than they begin a name."""

_ROADS = frozenset(("st", "dr"))
"""Abbreviations of titles that are roads after a name: "on Main St. It is near"."""
_AFTER_NAME = re.compile(r"(?:[A-Z][\w'’]*|\d(?:st|nd|rd|th)) \w+\Z")

_INITIALS = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")
_WORDS_OF_ONE_LETTER = "Iiaoy"
_LAST_WORD = re.compile(r"[\w.&'’-]*\Z")


def belongs_to_word(before: str, following: str) -> bool:
    """Whether a full stop after `before` belongs to an abbreviation, an initial or a list number."""
    match = _LAST_WORD.search(before)
    last = match[0].lstrip(".'’-") if match else ""
    known = last.lower()
    if known in _ROADS and _is_starter(following) and _AFTER_NAME.search(before):
        return False
    if known in _NEVER_LAST:
        return True
    if known in _BEFORE_NUMBER:
        return following[:1].isdigit()
    if before.strip() == last and last.isdigit() and len(last) < 4:
        return bool(following)  # "1. Wash the rice."
    if known in _NEVER_BEFORE_NAME:
        return following[:1].isascii() and bool(following) and not following[:1].isupper()
    if known in _MAYBE_LAST or (_INITIALS.fullmatch(last) and last not in _WORDS_OF_ONE_LETTER):
        return following[:1].isascii() and bool(following) and not _is_starter(following)
    return False


def _is_starter(word: str) -> bool:
    return word[:1].isupper() and word.lower().replace("’", "'") in _STARTERS
