"""Sound to a file's bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream

from voxq.speech.audio import Samples


@dataclass(frozen=True, slots=True)
class _Format:
    muxer: str
    codec: str


_FORMATS = {
    "wav": _Format("wav", "pcm_s16le"),
    "mp3": _Format("mp3", "libmp3lame"),
    "ogg": _Format("ogg", "libopus"),
    "flac": _Format("flac", "flac"),
    "m4a": _Format("ipod", "aac"),
}
ENCODABLE = tuple(_FORMATS)
"""What `encode` can write."""

_FALLBACK_RATE = 48_000  # every codec here takes it


def encode(samples: Samples, sample_rate: int, format: str) -> bytes:
    """Mono `samples` of shape (n,), -1.0 to 1.0, as a file of one of ENCODABLE.

    "ogg" is Opus, as in a voice note. A rate that the codec does not know is converted to 48 kHz.
    Raises ValueError for another format or for samples of another shape.
    """
    if format not in _FORMATS:
        raise ValueError(f"format must be one of {', '.join(ENCODABLE)}")
    if samples.ndim != 1:
        raise ValueError("samples must have one dimension")
    chosen = _FORMATS[format]
    known_rates = av.Codec(chosen.codec, "w").audio_rates
    rate = sample_rate if not known_rates or sample_rate in known_rates else _FALLBACK_RATE
    pcm = (np.clip(samples, -1.0, 1.0) * np.iinfo(np.int16).max).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(pcm[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = sample_rate
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=chosen.muxer) as container:
        stream = cast(AudioStream, container.add_stream(chosen.codec, rate=rate, layout="mono"))
        encoder = stream.codec_context
        resampler = av.AudioResampler(encoder.format, "mono", rate, frame_size=encoder.frame_size or None)
        container.start_encoding()  # writes the header even where no frame follows
        if samples.size:
            for ready in (*resampler.resample(frame), *resampler.resample(None)):
                container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    return buffer.getvalue()
