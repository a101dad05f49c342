"""Cuts in the opening of a text, with which its first clause is heard while the rest is still being made.

A voice makes a sentence as a whole, which takes longer the longer it is. So what opens a text is cut at
clauses: the first piece is short, and each later one is made by the time those before it have been heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from voxq.speech.clauses import clause_ends
from voxq.speech.markup import Utterance
from voxq.speech.scripts import language_of
from voxq.speech.sentences import LONGEST_SECONDS, Break, spoken_seconds

_LEAST = 1.2
"""Seconds of the shortest piece: voices read a few words on their own badly."""
_MOST_SHARE = 0.7
"""A first piece of more than this share of what is to be cut brings the sound hardly sooner."""


def cut_opening(said: Sequence[Utterance], times_real_time: float) -> list[Utterance]:
    """Cut the sentences that open a text.

    `times_real_time`: seconds of sound that the voice makes in a second. The first sentence is cut wherever
    that pays, a later one if those before it are too short to be heard until it is made.
    """
    cut: list[Utterance] = []
    heard = 0.0
    for index, sentence in enumerate(said):
        if heard * times_real_time >= LONGEST_SECONDS:
            return [*cut, *said[index:]]
        cut += _divided(sentence, heard, times_real_time)
        heard += spoken_seconds(sentence.text)
    return cut


def _divided(sentence: Utterance, heard: float, times_real_time: float) -> list[Utterance]:
    """Return the pieces of a sentence before which `heard` seconds of sound are heard."""
    text = sentence.text
    bounds = [0, *_cuts(text, heard, times_real_time), len(text)]
    if len(bounds) == 2:
        return [sentence]
    silent = replace(sentence.delivery, before=0.0, pause=None)
    pieces = [
        Utterance(text[start:end].strip(), Break.CLAUSE, silent, (), " " if text[start].isspace() else "")
        for start, end in pairwise(bounds)
    ]
    first = replace(silent, before=sentence.delivery.before)
    last = replace(silent, pause=sentence.delivery.pause)
    pieces[0] = replace(pieces[0], delivery=first, skipped=sentence.skipped, joint=sentence.joint)
    pieces[-1] = replace(pieces[-1], delivery=last, ending=sentence.ending)
    return pieces


def _cuts(text: str, heard: float, times_real_time: float) -> Iterator[int]:
    """Yield the indices at which a sentence is cut, in order."""
    places = clause_ends(text)
    start = 0
    while spoken_seconds(text[start:]) > times_real_time * heard:
        fitting = [place for place in places if _can_be_cut(text, start, place)]
        in_time = [place for place in fitting if spoken_seconds(text[start:place]) <= times_real_time * heard]
        if not fitting:
            return
        end = in_time[-1] if in_time else fitting[0]
        seconds = spoken_seconds(text[start:end])
        if not heard and seconds > _MOST_SHARE * spoken_seconds(text):
            return
        yield end
        start, heard = end, heard + seconds


def _can_be_cut(text: str, start: int, place: int) -> bool:
    """Whether what lies between `start` and `place`, and what follows, can be read on their own, each in the
    language in which the whole is read."""
    pieces = text[start:place], text[place:]
    return place > start and all(
        spoken_seconds(piece.strip()) >= _LEAST
        and any(map(str.isalpha, piece))  # the voice decides the language of figures alone
        and language_of(piece) == language_of(text)
        for piece in pieces
    )
