"""What every part may know about sound without loading a decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE = 16_000
"""Samples per second of everything that VAD and engines hear."""

SHORTEST_CLIP = SAMPLE_RATE // 10
"""Samples: what is shorter than 100 ms is silence to everybody. No word is so short."""

Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Mono, -1.0 to 1.0, shape (n,)."""

MIME_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "wav": "audio/wav",
        "mp3": "audio/mpeg",
        "m4a": "audio/mp4",
        "flac": "audio/flac",
        "aac": "audio/aac",
        "ogg": "audio/ogg",
        "webm": "audio/webm",
        "amr": "audio/amr",
        "3gp": "audio/3gpp",
        "wma": "audio/x-ms-wma",
        "mp4": "video/mp4",
        "mov": "video/quicktime",
        "mkv": "video/x-matroska",
        "wmv": "video/x-ms-wmv",
        "aiff": "audio/aiff",
        "caf": "audio/x-caf",
        "au": "audio/basic",
        "w64": "audio/x-w64",
        "ac3": "audio/ac3",
        "eac3": "audio/eac3",
        "ape": "audio/x-ape",
        "wv": "audio/x-wavpack",
        "tta": "audio/x-tta",
    }
)
"""The content type for each file extension that a stored recording can have."""

SPEECH_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "mp3": "audio/mpeg",
        "opus": "audio/ogg",
        "aac": "audio/aac",
        "flac": "audio/flac",
        "wav": "audio/wav",
        "pcm": "audio/pcm",
    }
)
"""The formats in which speech is given out, each with its content type; all can be streamed."""

SUPPORTED_FORMATS = (
    *("wav", "mp3", "m4a", "flac", "aac", "ogg", "opus", "webm", "amr", "3gp", "wma"),
    *("mp4", "mov", "mkv", "wmv", "aiff", "caf", "au", "w64", "ac3", "eac3", "ape", "wv", "tta"),
)
"""For people who ask what can be uploaded. The content of a file counts, never its name."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a look into a recording found.

    `container` and `codec` are short names such as "ogg" and "opus"; `extension`, a key of MIME_TYPES, and
    `mime` follow from them. `duration` is in seconds, or None where only decoding everything would tell.
    """

    container: str
    codec: str
    extension: str
    mime: str
    duration: float | None
    sample_rate: int
    channels: int


class AudioError(Exception):
    """A recording that cannot be used; the message is one sentence for the client.

    `code` says why: "undecodable", "no_audio", "empty", "too_long", "too_large" (of memory, not of disk) or
    "missing".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
