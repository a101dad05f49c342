"""Whisper as FunASR runs it: one chunk per call, no times. `faster_whisper` is usually the better choice."""

from __future__ import annotations

from typing import Any

from voxq.engines.contract import ChunkError, Dropped, Options, Recognised
from voxq.engines.languages import LANGUAGES
from voxq.engines.recognise.funasr.engine import Raw
from voxq.engines.recognise.timed_words import segments
from voxq.engines.recognise.whisper_text import full_width, without_loops
from voxq.locale import Message


class Whisper:
    """Dialect of Whisper."""

    def refuse(self, options: Options) -> ChunkError | None:
        language = options.get("language")
        if language is None or language in LANGUAGES:
            return None
        return ChunkError(
            "bad_language", Message("Whisper does not support the language {language!r}.", language=language)
        )

    def arguments(self, options: Options) -> dict[str, Any]:
        decoding = {"language": options.get("language"), "fp16": False, "without_timestamps": True}
        return {"DecodingOptions": decoding}

    def read(self, raw: Raw, seconds: float, options: Options) -> Recognised:
        """Convert a result; its language is unknown, because FunASR does not return what Whisper detected."""
        written = raw.get("text", "").strip()
        text = without_loops(written)
        dropped = (Dropped(written, 0.0, seconds, "repeated"),) if text != written else ()
        language = options.get("language")
        if language in ("zh", "yue"):
            text = full_width(text)
        heard = segments(text, (), seconds, options.get("words", False))
        return Recognised(heard, language if text else None, dropped)
