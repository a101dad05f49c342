"""Whisper as FunASR runs it: one chunk a call, no times. Elsewhere `faster_whisper` is the better choice."""

from __future__ import annotations

from typing import Any

from voxq.engines.base import ChunkError, ChunkOptions, ChunkResult
from voxq.engines.funasr.engine import Raw
from voxq.engines.funasr.words import segments
from voxq.engines.languages import LANGUAGES
from voxq.engines.whisper_text import full_width, without_loops


class Whisper:
    """See `Dialect`."""

    def refuse(self, options: ChunkOptions) -> ChunkError | None:
        if options.language is None or options.language in LANGUAGES:
            return None
        return ChunkError("bad_language", f"Whisper does not know the language {options.language!r}.")

    def arguments(self, options: ChunkOptions) -> dict[str, Any]:
        decoding = {"language": options.language, "fp16": False, "without_timestamps": True}
        return {"DecodingOptions": decoding}

    def read(self, raw: Raw, seconds: float, options: ChunkOptions) -> ChunkResult:
        """FunASR does not pass on which language Whisper detected."""
        text = without_loops(raw.get("text", "").strip())
        if options.language in ("zh", "yue"):
            text = full_width(text)
        return ChunkResult(segments(text, (), seconds, options.words), options.language if text else None)
