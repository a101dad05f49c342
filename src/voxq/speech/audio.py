"""Constants and types for audio that need no decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from voxq.locale import Message

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE = 16_000
"""Samples per second of all audio given to VAD and to recognition engines."""

SHORTEST_CLIP = SAMPLE_RATE // 10
"""Samples in 100 ms. Anything shorter is treated as silence, because no word is that short."""

Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Mono samples from -1.0 to 1.0, shape (n,)."""

Channels: TypeAlias = "npt.NDArray[np.float32]"
"""Samples of one or two channels from -1.0 to 1.0, shape (channels, n)."""

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
"""File extension of a stored recording -> content type."""

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
"""Output format of synthesised speech -> content type. All of them can be streamed."""

SUPPORTED_FORMATS = (
    *("wav", "mp3", "m4a", "flac", "aac", "ogg", "opus", "webm", "amr", "3gp", "wma"),
    *("mp4", "mov", "mkv", "wmv", "aiff", "caf", "au", "w64", "ac3", "eac3", "ape", "wv", "tta"),
)
"""Formats listed to clients as accepted. A file is judged by its content, never by its name."""


MOST_TRACKS = 32
"""Tracks of any kind that a file may have."""
LONGEST_TITLE = 80
"""Characters of the title of a track, and of any other text about it, at most."""


@dataclass(frozen=True, slots=True)
class Track:
    """A sound track of a recording. `index` counts them from 0; `codec` is the name of its decoder."""

    index: int
    codec: str
    language: str | None
    """Code as tasks know it, "en"; None if the file does not say."""
    title: str | None
    channels: int
    default: bool
    """Whether the file marks it as the one to be played."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """Properties of a recording found by probing it.

    `container` and `codec` are short names such as "ogg" and "opus"; `extension`, a key of MIME_TYPES, and
    `mime` follow from them. `duration` is in seconds, or None if only decoding the whole file would tell.
    """

    container: str
    codec: str
    extension: str
    mime: str
    duration: float | None
    sample_rate: int
    channels: int


class AudioError(Exception):
    """A recording cannot be used; the message is one sentence for the client.

    `code` says why: "undecodable", "no_audio", "unknown_track", "empty", "too_long", "too_large" (decoding
    needs too much memory) or "missing".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def too_long(most: float) -> AudioError:
    """Make the error of a recording with more than `most` seconds."""
    message = Message("The recording is longer than {seconds:g} seconds.", seconds=most)
    return AudioError("too_long", message)
