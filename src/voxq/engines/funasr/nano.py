"""Fun-ASR-Nano, a language model that listens. Written from FunASR's source; its weights were not at hand, so
it has not been run here."""

from __future__ import annotations

from typing import Any

from voxq.engines.base import ChunkError, ChunkOptions, ChunkResult
from voxq.engines.funasr.engine import Raw
from voxq.engines.funasr.hotwords import safe_words
from voxq.engines.funasr.words import align, segments, split_units
from voxq.speech.transcript import join_texts

_LANGUAGES = {"zh": "中文", "en": "英文", "ja": "日文", "ko": "韩文", "yue": "粤语"}


class Nano:
    """See `Dialect`."""

    def refuse(self, options: ChunkOptions) -> ChunkError | None:
        if options.language is None or options.language in _LANGUAGES:
            return None
        known = ", ".join(_LANGUAGES)
        return ChunkError("bad_language", f"Fun-ASR-Nano is asked for {known}, not {options.language!r}.")

    def arguments(self, options: ChunkOptions) -> dict[str, Any]:
        return {
            "language": _LANGUAGES.get(options.language or ""),
            "hotwords": safe_words(options.hotwords),
            "itn": options.itn is not False,
        }

    def read(self, raw: Raw, seconds: float, options: ChunkOptions) -> ChunkResult:
        units = split_units(raw.get("text", ""))
        pieces = [
            (str(t["token"]), float(t["start_time"]), float(t["end_time"])) for t in raw.get("timestamps", ())
        ]
        heard = segments(join_texts(units), align(units, pieces), seconds, options.words)
        return ChunkResult(heard, options.language if heard else None)
