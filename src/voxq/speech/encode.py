"""Encoding of samples to files that can be read while they are written."""

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
    """Options of the muxer."""
    tagged: Mapping[str, str] = field(default_factory=dict)
    """More options of the muxer for a file with metadata."""
    effort: Mapping[str, str] = field(default_factory=dict)
    """Options of the codec.

    With its defaults, each takes longer than a fast synthesiser, for a difference hardly audible in speech.
    For a second of sound: AAC 2 ms instead of 16, Opus 3 instead of 10, MP3 6 instead of 9.
    """


_OPUS = _Format(
    "ogg",
    "libopus",
    48_000,
    {"page_duration": "200000"},  # microseconds; output comes in whole pages
    effort={"compression_level": "5"},
)
_AAC_EFFORT = {"aac_coder": "fast"}

_FORMATS: Mapping[str, _Format] = {
    "wav": _Format("wav", "pcm_s16le"),
    # Until it is corrected, a Xing header says that there are no frames, and players believe it. It is not
    # needed at a constant bit rate.
    "mp3": _Format("mp3", "libmp3lame", 96_000, {"write_xing": "0"}, effort={"compression_level": "7"}),
    "ogg": _OPUS,
    "opus": _OPUS,
    "aac": _Format("adts", "aac", 96_000, tagged={"write_id3v2": "1"}, effort=_AAC_EFFORT),
    "flac": _Format("flac", "flac", options={"metadata_header_padding": "0"}),
    "pcm": _Format("s16le", "pcm_s16le"),
    "m4a": _Format("ipod", "aac", effort=_AAC_EFFORT),
}
ENCODABLE = ("wav", "mp3", "ogg", "flac", "m4a")
"""Formats in which recordings can be written; "ogg" is Opus, as in voice notes."""

_FALLBACK_RATE = 48_000  # Hz; supported by every codec here
_BLOCK_SECONDS = 1.0


class Sink(Protocol):
    """Destination of an encoded file; one with `seek` and `tell` gets its header corrected at the end."""

    def write(self, data: bytes, /) -> int: ...


class AudioWriter:
    """Encodes mono samples to a sink as they arrive; `close` completes the file.

    The same samples give the same bytes, however they are split. Written bytes are final, except the header
    of a WAV or FLAC file: it declares an unknown length, and `close` corrects it if the sink can seek. A
    codec delays its output by at most 0.2 s. `rate` is the sample rate of the file in Hz: the requested one,
    or 48 kHz if the codec does not support it.
    """

    def __init__(
        self,
        sink: Sink,
        format: str,
        sample_rate: int,
        *,
        file_rate: int | None = None,
        comment: str = "",
    ) -> None:
        """Open the file. `sample_rate` is that of the samples; `file_rate`, if given, that of the file.
        `comment` is stored in its metadata, which all formats have except PCM.

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
        if comment:
            options |= chosen.tagged
        self._container = av.open(sink, "w", format=chosen.muxer, container_options=options)
        if comment:
            self._container.metadata["comment"] = comment
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
        self._container.start_encoding()  # writes the header even if no frame follows

    def write(self, samples: Samples) -> None:
        """Encode `samples` of shape (n,), -1.0 to 1.0. Raises ValueError for another shape."""
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
        """Write the rest of the codec's output and the end of the file. The sink stays open."""
        if self._has_sound:
            self._encode(self._resampler.resample(None))
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _encode(self, frames: Iterable[av.AudioFrame | None]) -> None:
        for frame in frames:
            if frame is not None:
                self._container.mux(self._stream.encode(frame))


def encode(samples: Samples, sample_rate: int, format: str) -> bytes:
    """Encode mono `samples` of shape (n,), -1.0 to 1.0, in one of ENCODABLE or SPEECH_FORMATS.

    A rate that the codec does not support is converted to 48 kHz. Raises ValueError for another format or
    for samples of another shape.
    """
    buffer = io.BytesIO()
    writer = AudioWriter(buffer, format, sample_rate)
    writer.write(samples)
    writer.close()
    return buffer.getvalue()
