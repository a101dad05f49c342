"""Sound to a file's bytes, which can be read while they are written."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

import av
import numpy as np
from av.audio.stream import AudioStream

from voxq.speech.audio import Samples


@dataclass(frozen=True, slots=True)
class _Format:
    muxer: str
    codec: str
    bit_rate: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the muxer."""
    effort: Mapping[str, str] = field(default_factory=dict)
    """Of the codec. By default each takes longer than a fast voice needs to speak, for a difference that
    speech hardly shows. For a second of sound: AAC 2 ms instead of 16, Opus 3 instead of 10, MP3 6 of 9."""


_OPUS = _Format(
    "ogg",
    "libopus",
    48_000,
    {"page_duration": "200000"},  # microseconds; a page is held back
    {"compression_level": "5"},
)
_AAC_EFFORT = {"aac_coder": "fast"}

_FORMATS: Mapping[str, _Format] = {
    "wav": _Format("wav", "pcm_s16le"),
    # A Xing header says that there are no frames until it is corrected, and who listens believes it. At a
    # constant bit rate nobody needs one.
    "mp3": _Format("mp3", "libmp3lame", 96_000, {"write_xing": "0"}, {"compression_level": "7"}),
    "ogg": _OPUS,
    "opus": _OPUS,
    "aac": _Format("adts", "aac", 96_000, effort=_AAC_EFFORT),
    "flac": _Format("flac", "flac", options={"metadata_header_padding": "0"}),
    "pcm": _Format("s16le", "pcm_s16le"),
    "m4a": _Format("ipod", "aac", effort=_AAC_EFFORT),
}
ENCODABLE = ("wav", "mp3", "ogg", "flac", "m4a")
"""The formats of recordings; "ogg" is Opus, as in a voice note."""

_FALLBACK_RATE = 48_000  # every codec here takes it
_BLOCK_SECONDS = 1.0


class Sink(Protocol):
    """Where a file is written; with `seek` and `tell`, its header is corrected at the end."""

    def write(self, data: bytes, /) -> int: ...


class AudioWriter:
    """Writes mono samples to a sink as they come; `close` completes the file.

    The same samples give the same bytes, however they are cut. What is written is final, but for the first
    64 bytes of a WAV or FLAC file: they say that the length is unknown, and are corrected by `close` where
    the sink can seek. A codec holds back 0.2 s at most. `rate` is that of the file: the one asked for, or
    48 kHz where the codec does not know it.
    """

    def __init__(self, sink: Sink, format: str, sample_rate: int, *, file_rate: int | None = None) -> None:
        """`sample_rate` of what will be pushed; `file_rate` of the file, the same if not given.

        Raises ValueError for an unknown format, or for rates outside 8 to 48 kHz.
        """
        if format not in _FORMATS:
            raise ValueError(f"format must be one of {', '.join(_FORMATS)}")
        wanted = sample_rate if file_rate is None else file_rate
        if not all(8_000 <= rate <= 48_000 for rate in (wanted, sample_rate)):
            raise ValueError("the sample rate must be from 8000 to 48000")
        chosen = _FORMATS[format]
        known_rates = av.Codec(chosen.codec, "w").audio_rates
        self.rate = wanted if not known_rates or wanted in known_rates else _FALLBACK_RATE
        self._sample_rate = sample_rate
        options = {"fflags": "+bitexact+flush_packets", **chosen.options}
        self._container = av.open(sink, "w", format=chosen.muxer, container_options=options)
        stream = self._container.add_stream(
            chosen.codec, rate=self.rate, options=dict(chosen.effort), layout="mono"
        )
        self._stream = cast(AudioStream, stream)
        encoder = self._stream.codec_context
        if chosen.bit_rate:
            encoder.bit_rate = chosen.bit_rate
        self._resampler = av.AudioResampler(
            encoder.format, "mono", self.rate, frame_size=encoder.frame_size or None
        )
        self._has_sound = False
        self._container.start_encoding()  # writes the header even where no frame follows

    def write(self, samples: Samples) -> None:
        """Encode more `samples` of shape (n,), -1.0 to 1.0. Raises ValueError for another shape."""
        if samples.ndim != 1:
            raise ValueError("samples must have one dimension")
        block = int(_BLOCK_SECONDS * self._sample_rate)
        for start in range(0, len(samples), block):
            pcm = (np.clip(samples[start : start + block], -1.0, 1.0) * np.iinfo(np.int16).max).astype(
                np.int16
            )
            frame = av.AudioFrame.from_ndarray(pcm[np.newaxis, :], format="s16", layout="mono")
            frame.sample_rate = self._sample_rate
            self._has_sound = True
            self._encode(self._resampler.resample(frame))

    def close(self) -> None:
        """Write what the codec holds back, and the end of the file. The sink stays open."""
        if self._has_sound:
            self._encode(self._resampler.resample(None))
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _encode(self, frames: Iterable[av.AudioFrame | None]) -> None:
        for frame in frames:
            if frame is not None:
                self._container.mux(self._stream.encode(frame))


def encode(samples: Samples, sample_rate: int, format: str) -> bytes:
    """Mono `samples` of shape (n,), -1.0 to 1.0, as a file of one of ENCODABLE or SPEECH_FORMATS.

    A rate that the codec does not know is converted to 48 kHz. Raises ValueError for another format or for
    samples of another shape.
    """
    buffer = io.BytesIO()
    writer = AudioWriter(buffer, format, sample_rate)
    writer.write(samples)
    writer.close()
    return buffer.getvalue()
