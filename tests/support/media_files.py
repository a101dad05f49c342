"""Generated media files: valid ones in any container, and ones with false headers."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import numpy as np

from voxq.speech.audio import Samples

TONE = 440.0


def tone(seconds: float, rate: int = 16_000) -> Samples:
    return (0.3 * np.sin(2 * np.pi * TONE * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def written(muxer: str, codec: str, rate: int, video: str | None = None) -> bytes:
    """A three-second tone in any container, with a video stream if a video codec is given."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=muxer) as container:
        audio = container.add_stream(codec, rate=rate, layout="mono")
        if codec == "wmav2":
            audio.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(tone(3, rate)[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = rate
        if video:
            pictures = container.add_stream(video, rate=10)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            for number in range(30):
                picture = av.VideoFrame.from_ndarray(
                    np.full((64, 64, 3), number * 8, np.uint8), format="rgb24"
                )
                picture.pts, picture.time_base = number, Fraction(1, 10)
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        context = audio.codec_context
        resampler = av.AudioResampler(context.format, "mono", rate, frame_size=context.frame_size or None)
        for ready in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(audio.encode(ready))
    return buffer.getvalue()


def wav(
    data: bytes, channels: int = 1, rate: int = 16_000, bits: int = 16, code: int = 1, size: int | None = None
) -> bytes:
    """WAV file in which any field of the header can be wrong. `code` 1 means integers, 3 floats."""
    block = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", code, channels & 0xFFFF, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits
    )
    size = len(data) if size is None else size
    head = b"RIFF" + struct.pack("<I", size + 36 & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", len(form))
    return head + form + b"data" + struct.pack("<I", size) + data


def silent_flac(seconds: int) -> bytes:
    """Digital silence at 16 kHz, four seconds in 16 bytes: the smallest possible long recording."""
    block, rate = 65_535, 16_000
    count = -(-seconds * rate // block)
    streaminfo = struct.pack(">HH3s3s", block, block, b"", b"")
    streaminfo += (rate << 44 | 15 << 36 | count * block).to_bytes(8, "big") + bytes(16)
    frames = []
    for number in range(count):
        # Blocking strategy fixed, block size in 16 bits at the end, 16 kHz, mono, 16 bits per sample.
        head = (
            b"\xff\xf8\x75\x08" + chr(number).encode("utf-8", "surrogatepass") + struct.pack(">H", block - 1)
        )
        frame = head + bytes([_crc(head, 8, 0x07)]) + b"\x00\x00\x00"  # one constant subframe
        frames.append(frame + _crc(frame, 16, 0x8005).to_bytes(2, "big"))
    return b"fLaC\x80" + len(streaminfo).to_bytes(3, "big") + streaminfo + b"".join(frames)


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    crc, top, mask = 0, 1 << bits - 1, (1 << bits) - 1
    for byte in data:
        crc ^= byte << bits - 8
        for _ in range(8):
            crc = (crc << 1 ^ (polynomial if crc & top else 0)) & mask
    return crc
