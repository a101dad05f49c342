"""The Paraformer family: words with times but without punctuation; SeACo also supports hotwords."""

from __future__ import annotations

from typing import Any

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.funasr.engine import Raw
from voxq.engines.recognise.funasr.punctuation import Punctuation
from voxq.engines.recognise.hotwords import safe_words
from voxq.engines.recognise.punctuated import punctuated_segments
from voxq.engines.recognise.timed_words import language_of_script
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
        # FunASR sometimes returns more or fewer times than words.
        found = raw.get("timestamp", ()) if self._has_word_times else ()
        times = [(start / 1000, end / 1000) for start, end in found]
        heard = punctuated_segments(units, shown, times, seconds, options.get("words", False))
        return Recognised(heard, options.get("language") or language_of_script(units))
