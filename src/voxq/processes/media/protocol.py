"""Messages between a media process and its parent.

The process answers a `Probe` with `Probed` or `Failed`, a `Clip` with `Clipped` or `Failed`, a `Prepare` with
any number of `Chunks` and then `Prepared` or `Failed`, and a `Split` with any number of `Sentences` and then
`Prepared` or `Failed`. It takes one request at a time. A process that hostile audio has taken over can send
anything; a message of another shape raises ProtocolError.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen
from pydantic import AfterValidator

from voxq.processes.messages import Codec
from voxq.speech.audio import LONGEST_TITLE, MIME_TYPES, MOST_TRACKS, AudioInfo, Track
from voxq.speech.chunking import Chunking
from voxq.speech.markup import Utterance


@dataclass(frozen=True, slots=True)
class Probe:
    """Probe the recording at `path`; one of more than `max_seconds` is too long. `audio_track` as in
    `voxq.speech.tracks.candidates`."""

    id: str
    path: Path
    max_seconds: float
    audio_track: str | None = None
    op: Literal["probe"] = "probe"


@dataclass(frozen=True, slots=True)
class Clip:
    """Decode up to `seconds` of the recording at `path`, from second `start` on, into the new WAV file `clip`
    (16 bits, mono, 16 kHz). It is too long if `max_seconds` pass before that is done."""

    id: str
    path: Path
    clip: Path
    start: float
    seconds: float
    max_seconds: float
    op: Literal["clip"] = "clip"


@dataclass(frozen=True, slots=True)
class Prepare:
    """Decode the recording at `path` into the new file `scratch` (raw float32 LE, mono, 16 kHz) and split it
    into chunks: where somebody speaks or, without `use_vad`, all of it. `audio_track` as in
    `voxq.speech.tracks.candidates`. With `separate`, left and right channel, if they differ, follow each
    other in `scratch`."""

    id: str
    path: Path
    scratch: Path
    max_seconds: float
    chunking: Chunking
    use_vad: bool = True
    audio_track: str | None = None
    separate: bool = False
    op: Literal["prepare"] = "prepare"


@dataclass(frozen=True, slots=True)
class Split:
    """Split a text, with any content, into sentences.

    `language` is the voice's own; words in scripts that no one of `languages` is written in are left out
    (empty: none are).
    """

    id: str
    text: str
    input_type: str = "text"
    """As the option of this name."""
    language: str = "en"
    languages: tuple[str, ...] = ()
    times_real_time: float | None = None
    """Seconds of sound that the voice makes in a second, if the opening of the text is to be cut at clauses;
    see `voxq.speech.opening`."""
    op: Literal["split"] = "split"


_LONGEST_CODE = 40
_LONGEST_MESSAGE = 1000


def _with_possible_values(info: AudioInfo) -> AudioInfo:
    if info.extension not in MIME_TYPES:  # it becomes part of a file name
        raise ValueError("unknown extension")
    if any(len(text) > LONGEST_TITLE for text in (info.container, info.codec, info.mime)):
        raise ValueError("a text that is too long")  # of which the task has one
    if info.duration is not None and info.duration < 0:
        raise ValueError("a negative duration")
    return info


def _with_short_texts(track: Track) -> Track:
    texts = (track.codec, track.language, track.title)
    if any(text is not None and len(text) > LONGEST_TITLE for text in texts):  # they are part of the result
        raise ValueError("a text that is too long")
    return track


@dataclass(frozen=True, slots=True)
class Probed:
    """Properties of the recording."""

    id: str
    info: Annotated[AudioInfo, AfterValidator(_with_possible_values)]
    op: Literal["probed"] = "probed"


@dataclass(frozen=True, slots=True)
class Clipped:
    """The clip has this many seconds; none if it would start after the end."""

    id: str
    seconds: float
    op: Literal["clipped"] = "clipped"


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed. `code` is an AudioError's, "storage" or "internal"."""

    id: str
    code: Annotated[str, MaxLen(_LONGEST_CODE)]
    message: Annotated[str, MaxLen(_LONGEST_MESSAGE)]
    op: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Chunks:
    """Chunks found so far, as [start, end) in samples; their sound is in the scratch file.

    `decoded` is the number of seconds processed. Sent without chunks, too, as a sign of life. `rests` are the
    places, in order, at which they can be divided into pieces.
    """

    id: str
    chunks: tuple[tuple[int, int], ...]
    decoded: float
    rests: tuple[int, ...] = ()
    op: Literal["chunks"] = "chunks"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything has been decoded or split, and announced; times in seconds, `decode_seconds` includes
    writing.

    The `duration` of a recording includes pictures that last longer than its sound; that of a text is 0,
    because it has not been spoken yet. `tracks` are the sound tracks of a recording, and `taken` the index of
    the one that was decoded; `channel_starts` are the samples at which its channels begin, if separate.
    """

    id: str
    duration: float
    decode_seconds: float
    vad_seconds: float
    tracks: Annotated[
        tuple[Annotated[Track, AfterValidator(_with_short_texts)], ...], MaxLen(MOST_TRACKS)
    ] = ()
    taken: int = 0
    channel_starts: Annotated[tuple[int, ...], MinLen(1), MaxLen(2)] = (0,)
    last: Chunks | None = None
    """The last chunks of a recording: a short one is one message."""
    op: Literal["prepared"] = "prepared"


@dataclass(frozen=True, slots=True)
class Sentences:
    """The next sentences of a text, in order."""

    id: str
    sentences: tuple[Utterance, ...]
    op: Literal["sentences"] = "sentences"


Request = Probe | Clip | Prepare | Split
Reply = Probed | Clipped | Failed | Chunks | Prepared | Sentences

CODEC: Codec[Request, Reply] = Codec(Request, Reply)
