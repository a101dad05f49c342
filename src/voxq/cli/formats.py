"""Output formats of transcripts, and which of their texts is put out."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    VERBOSE_JSON = "verbose_json"
    DIFF = "diff"

    @property
    def extension(self) -> str:
        return {"text": ".txt", "verbose_json": ".json", "diff": ".diff.json"}.get(self, f".{self}")


class Text(StrEnum):
    ORIGINAL = "original"
    REWRITTEN = "rewritten"
