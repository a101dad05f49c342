"""Punctuation that another model adds to the words of a recogniser. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from voxq.engines.recognise.timed_words import ends_sentence, segments, sentences
from voxq.speech.transcript import Segment, Word, join_texts, words_within

_HALF_WIDTH = {"，": ",", "。": ".", "？": "?", "、": ","}
_NO_MARKS = ("_", "<unk>")
_NOT_READ = re.compile(r"[^\w'’-]+")


def plain(units: Sequence[str]) -> list[str]:
    """Return the units of `split_units` as a model reads them, without punctuation; none becomes empty."""
    return [_NOT_READ.sub("", unit) or "-" for unit in units]


def at_ends(counts: Sequence[int], marks: Sequence[str]) -> list[str]:
    """Return the mark after each unit, of as many tokens as `counts` says; `marks` are those after tokens."""
    return [marks[end - 1] for end in accumulate(counts)]


def with_marks(units: Sequence[str], marks: Sequence[str]) -> list[str]:
    """Return the units, each followed by its mark ("_" or "" for none), with capitals at the start of
    sentences."""
    written: list[str] = []
    for unit, mark in zip(units, marks, strict=True):
        is_latin = unit[-1].isascii()
        if not written or ends_sentence(written[-1]):
            unit = unit[:1].upper() + unit[1:]
        shown = "" if mark in _NO_MARKS else mark
        written.append(unit + (_HALF_WIDTH.get(shown, shown) if is_latin else shown))
    return written


def punctuated_segments(
    units: Sequence[str],
    shown: Sequence[str],
    times: Sequence[tuple[float, float]],
    seconds: float,
    show_words: bool,
) -> tuple[Segment, ...]:
    """Make a segment for each sentence of the units `shown`, written with punctuation, and of their `times`
    in seconds; one for the whole chunk if there are more or fewer times than units.

    `raw_text` keeps what `units` say where it differs.
    """
    if len(times) != len(units):
        whole = segments(join_texts(shown), (), seconds, show_words)
        return tuple(_with_raw_text(segment, units) for segment in whole)
    words = [Word(unit, start, end) for unit, (start, end) in zip(shown, times, strict=True)]
    heard: list[Segment] = []
    begin = 0
    for sentence in sentences(words_within(words, seconds)):
        text = join_texts(word.text for word in sentence)
        segment = Segment(text, sentence[0].start, sentence[-1].end, sentence if show_words else ())
        heard.append(_with_raw_text(segment, units[begin : begin + len(sentence)]))
        begin += len(sentence)
    return tuple(heard)


def _with_raw_text(segment: Segment, units: Sequence[str]) -> Segment:
    raw_text = join_texts(units)
    return segment if raw_text == segment.text else replace(segment, raw_text=raw_text)
