"""The Paraformer family: words with times but without punctuation; SeACo also supports hotwords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.funasr.engine import Raw
from voxq.engines.recognise.funasr.hotwords import safe_words
from voxq.engines.recognise.funasr.punctuation import Punctuation
from voxq.engines.recognise.timed_words import language_of_script, segments, sentences
from voxq.speech.transcript import Segment, Word, join_texts, words_within
from voxq.speech.units import split_units


class Paraformer:
    """Dialect of the Paraformers. Without `punctuation` their texts have none."""

    def __init__(self, punctuation: Punctuation | None, takes_hotwords: bool, has_word_times: bool) -> None:
        self._punctuation = punctuation
        self._takes_hotwords = takes_hotwords
        self._has_word_times = has_word_times

    def refuse(self, options: Options) -> ChunkError | None:
        return None

    def arguments(self, options: Options) -> dict[str, Any]:
        """Return the arguments; the leading space keeps FunASR from taking a word that begins with "http" for
        a URL."""
        words = safe_words(options.get("hotwords", ())) if self._takes_hotwords else ()
        return {"hotword": " " + " ".join(words)} if words else {}

    def read(self, raw: Raw, seconds: float, options: Options) -> Recognised:
        units = split_units(raw.get("text", ""))
        if not units:
            return Recognised((), None)
        shown = self._punctuation.add(units) if self._punctuation and options.get("use_punc", True) else units
        times = raw.get("timestamp", ()) if self._has_word_times else ()
        heard = _segments(units, shown, times, seconds, options.get("words", False))
        return Recognised(heard, options.get("language") or language_of_script(units))


def _segments(
    units: Sequence[str],
    shown: Sequence[str],
    times: Sequence[tuple[float, float]],
    seconds: float,
    show_words: bool,
) -> tuple[Segment, ...]:
    """Make segments of the units `shown`, written with punctuation, and their `times` in milliseconds.

    FunASR sometimes returns more or fewer times than words; the segments then have no words.
    """
    if len(times) != len(units):
        whole = segments(join_texts(shown), (), seconds, show_words)
        return tuple(_with_raw_text(segment, units) for segment in whole)
    words = [Word(u, start / 1000, end / 1000) for u, (start, end) in zip(shown, times, strict=True)]
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
