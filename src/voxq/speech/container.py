"""Opening of untrusted recordings and identification by their content.

Left to itself, libavformat does what a file tells it to: a playlist named talk.mp3 makes it read other files
or fetch URLs. So it gets an anonymous stream instead of a path, a whitelist of self-contained container
formats, a whitelist of audio codecs, and no protocol at all. That list of codecs is for libavformat's own
looks into a file: which decoder opens a track is decided in `voxq.speech.tracks`.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from voxq.locale import Message
from voxq.speech.audio import MIME_TYPES, MOST_TRACKS, AudioError, Track
from voxq.speech.tracks import DECODERS, audio_tracks, candidates

DECODING_ERRORS = (FFmpegError, ValueError, EOFError, OverflowError, NotImplementedError)
"""Exceptions that PyAV raises for malformed data: FFmpeg's, and built-in ones of its own code; the last is
what a codec context without a decoder raises."""

_DEMUXERS = "wav,w64,mp3,ogg,flac,aac,mov,matroska,asf,amr,caf,aiff,au,ac3,eac3,ape,wv,tta"
_OPTIONS = {  # libavformat itself inspects no more than five megabytes and five seconds
    "format_whitelist": _DEMUXERS,
    "codec_whitelist": ",".join(sorted(DECODERS)),
    "protocol_whitelist": "none",
    "max_streams": str(2 * MOST_TRACKS),  # at its own limit, libavformat loses packets of the other tracks
    # Limits only the search for DTS or AC-3 disguised as PCM, which costs ten milliseconds for each WAV.
    "max_probe_packets": "16",
}

_NAMES = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska", "asf": "asf"}
_WEBM_CODECS = frozenset({"opus", "vorbis"})
_MIME_TYPES_WITH_VIDEO = {"webm": "video/webm", "3gp": "video/3gpp"}


class Patience:
    """CPU time that this thread may spend on a recording without finding sound.

    CPU time is counted instead of wall time, so that a busy machine refuses nothing. Each second of decoded
    sound extends the limit by a second, many times what decoding it costs: sound is always decoded to its
    end, while damaged data is given up on soon.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    @property
    def is_over(self) -> bool:
        return time.thread_time() >= self._end

    def found(self, seconds: float) -> None:
        """Extend the limit for `seconds` of decoded sound, up to its initial length; no effect once over."""
        if not self.is_over:
            self._end = min(self._end + seconds, time.thread_time() + self._seconds)

    def exclude(self, seconds: float) -> None:
        """Do not count `seconds` in which others worked with sound that was found."""
        self._end += seconds


class _Anonymous(io.RawIOBase):
    """A file object without a name: libavformat takes what is called .m3u8 for a playlist, and fetches what
    that lists.

    It reports the end of the file once `patience` is over: millions of empty chunks keep libavformat busy for
    minutes in one call, and only its reads give a chance to stop it.
    """

    def __init__(self, file: BinaryIO, patience: Patience) -> None:
        self._file = file
        self._patience = patience

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return b"" if self._patience.is_over else self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError:
            return -1  # a damaged index points beyond the largest file; libavformat copes with an error

    def tell(self) -> int:
        return self._file.tell()


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording with the sound track that was chosen."""

    container: InputContainer
    stream: AudioStream
    tracks: tuple[Track, ...]
    """All of its sound tracks."""
    taken: Track
    others: tuple[Track, ...]
    """Tracks that could be taken instead, best first; none if one was asked for."""

    @property
    def pictures(self) -> list[VideoStream]:
        """Tracks of moving pictures; a cover is none."""
        return [v for v in self.container.streams.video if not v.disposition & Disposition.attached_pic]


@contextmanager
def opened(
    path: Path, patience: Patience, wanted: str | None = None, *, index: int | None = None
) -> Iterator[Recording]:
    """Open a recording at one of its sound tracks.

    `wanted` is what was asked for, see `candidates`; `index` the track that was found to be the best of
    those. The file appears to end where `patience` is over. Raises AudioError: missing, empty, undecodable,
    no_audio, unknown_track, too_large. Errors of PyAV inside the `with` block become "undecodable", too.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise AudioError("missing", Message("The recording is gone or cannot be read.")) from error
    with file:
        if not os.fstat(file.fileno()).st_size:
            raise AudioError("empty", Message("The recording is empty."))
        try:
            anonymous = _Anonymous(file, patience)
            with av.open(anonymous, "r", options=_OPTIONS, metadata_errors="ignore") as container:
                yield _at_track(container, wanted, index)
        except MemoryError as error:
            raise AudioError(
                "too_large", Message("Decoding the file needs more memory than allowed.")
            ) from error
        except DECODING_ERRORS as error:
            raise AudioError(
                "undecodable", Message("The file is damaged, or not a supported format.")
            ) from error


def _at_track(container: InputContainer, wanted: str | None, index: int | None) -> Recording:
    if len(container.streams) > MOST_TRACKS:
        raise AudioError("undecodable", Message("The file has more than {most} tracks.", most=MOST_TRACKS))
    tracks = audio_tracks(container)
    taken, *others = candidates(tracks, wanted if index is None else str(index))
    stream = container.streams.audio[taken.index]
    stream.codec_context.thread_count = 1
    return Recording(container, stream, tracks, taken, tuple(others))


def identify(recording: Recording, codec: str) -> tuple[str, str, str]:
    """Return the container's short name, the file extension and the MIME type, all from the content."""
    container = recording.container
    name = _NAMES.get(container.format.name, container.format.name)
    has_video = bool(recording.pictures)
    extension = _extension(name, codec, container.metadata.get("major_brand", "").strip().lower(), has_video)
    mime = _MIME_TYPES_WITH_VIDEO.get(extension) if has_video else None
    return name, extension, mime or MIME_TYPES[extension]


def _extension(name: str, codec: str, brand: str, has_video: bool) -> str:
    match name:
        case "mp4" if brand.startswith("3g"):
            return "3gp"
        case "mp4" if brand == "qt":
            return "mov"
        case "mp4":
            return "mp4" if has_video else "m4a"
        case "matroska":
            return "webm" if codec in _WEBM_CODECS else "mkv"
        case "asf":
            return "wmv" if has_video else "wma"
        case _:
            return name
