"""Fun-ASR-Nano, a language model with audio input. Written from FunASR's source; it has not been run here,
because its weights were not available."""

from __future__ import annotations

from typing import Any

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.funasr.engine import Raw
from voxq.engines.recognise.hotwords import safe_words
from voxq.engines.recognise.timed_words import align, segments
from voxq.locale import Message
from voxq.speech.transcript import join_texts
from voxq.speech.units import split_units

_LANGUAGES = {"zh": "中文", "en": "英文", "ja": "日文", "ko": "韩文", "yue": "粤语"}


class Nano:
    """Dialect of Fun-ASR-Nano."""

    def refuse(self, options: Options) -> ChunkError | None:
        language = options.get("language")
        if language is None or language in _LANGUAGES:
            return None
        known = ", ".join(_LANGUAGES)
        return ChunkError(
            "bad_language",
            Message("Fun-ASR-Nano supports {known}, not {language!r}.", known=known, language=language),
        )

    def arguments(self, options: Options) -> dict[str, Any]:
        return {
            "language": _LANGUAGES.get(options.get("language") or ""),
            "hotwords": safe_words(options.get("hotwords", ())),
            "itn": options.get("use_itn") is not False,
        }

    def read(self, raw: Raw, seconds: float, options: Options) -> Recognised:
        units = split_units(raw.get("text", ""))
        pieces = [
            (str(t["token"]), float(t["start_time"]), float(t["end_time"])) for t in raw.get("timestamps", ())
        ]
        heard = segments(join_texts(units), align(units, pieces), seconds, options.get("words", False))
        return Recognised(heard, options.get("language") if heard else None)
