"""Output formats of transcripts."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    VERBOSE_JSON = "verbose_json"

    @property
    def extension(self) -> str:
        return {"text": ".txt", "verbose_json": ".json"}.get(self, f".{self}")
