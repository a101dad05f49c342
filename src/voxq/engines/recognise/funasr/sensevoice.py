"""SenseVoice, which also detects the language, the speaker's emotion, and sounds other than speech."""

from __future__ import annotations

from typing import Any

from voxq.engines.contract import ChunkError, Options, Recognised
from voxq.engines.recognise.funasr.engine import Raw
from voxq.engines.recognise.sensevoice_tags import read_tagged, unknown_language


class SenseVoice:
    """Dialect of SenseVoice."""

    def refuse(self, options: Options) -> ChunkError | None:
        return unknown_language(options)

    def arguments(self, options: Options) -> dict[str, Any]:
        """Return the arguments: one switch controls digits and punctuation; times of words are costly, so
        only on request."""
        return {
            "language": options.get("language") or "auto",
            "use_itn": options.get("use_itn") is not False,
            "output_timestamp": options.get("words", False),
        }

    def read(self, raw: Raw, seconds: float, options: Options) -> Recognised:
        pieces = [
            (str(piece), start / 1000, end / 1000)
            for piece, (start, end) in zip(raw.get("words", ()), raw.get("timestamp", ()), strict=True)
        ]
        return read_tagged(raw.get("text", ""), pieces, seconds, options)
