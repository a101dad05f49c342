"""Generated media files: valid ones in any container, and ones with false headers."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition

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


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound track to be written: samples of shape (n,) or (channels, n). `stamp` moves a packet, given its
    own time and both in seconds, and drops it for None."""

    samples: Samples
    rate: int = 16_000
    codec: str = "aac"
    language: str | None = None
    title: str | None = None
    default: bool | None = None
    stamp: Callable[[float], float | None] = lambda time: time


def muxed(
    muxer: str, *sounds: Sound, picture_seconds: float = 0, options: dict[str, str] | None = None
) -> bytes:
    """File with these sound tracks, and with pictures of ten a second if they last any time."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=muxer, options=options or {}) as container:
        pictures = container.add_stream("mpeg4", rate=10) if picture_seconds else None
        streams = [_track_for(container, sound) for sound in sounds]
        packets: list[av.Packet] = []
        if pictures is not None:
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            for number in range(round(picture_seconds * 10)):
                picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 10)
                packets += pictures.encode(picture)
            packets += pictures.encode(None)
        for sound, stream in zip(sounds, streams, strict=True):
            packets += _packets(sound, stream)
        for packet in sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            container.mux(packet)
    return buffer.getvalue()


def _track_for(container: OutputContainer, sound: Sound) -> AudioStream:
    layout = "stereo" if sound.samples.ndim == 2 else "mono"
    stream = container.add_stream(sound.codec, rate=sound.rate, layout=layout)
    named = {"language": sound.language, "title": sound.title}
    stream.metadata.update({name: value for name, value in named.items() if value})
    if sound.default is not None:
        stream.disposition = Disposition.default if sound.default else Disposition(0)
    return stream


def _packets(sound: Sound, stream: AudioStream) -> Iterator[av.Packet]:
    context = stream.codec_context
    layout = context.layout.name
    samples = np.atleast_2d(sound.samples).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = sound.rate, 0, Fraction(1, sound.rate)
    context.open(strict=False)
    resampler = av.AudioResampler(context.format, layout, sound.rate, frame_size=context.frame_size or 1024)
    for ready in (*resampler.resample(frame), *resampler.resample(None), None):
        for packet in stream.encode(ready):
            assert packet.pts is not None
            time = sound.stamp(float(packet.pts * packet.time_base))
            if time is not None:
                packet.pts = packet.dts = round(time / packet.time_base)
                yield packet


def stamped(
    stamps: Iterable[float],
    samples: Samples,
    rate: int = 16_000,
    *,
    claimed: float | None = None,
    void: int = 0,
) -> bytes:
    """Matroska file of PCM with a packet of 20 ms for each time stamp, in seconds: stamps that no muxer would
    write, from -32 to 10^15. `claimed`: seconds according to the header; `void`: bytes that mean nothing,
    among the first packets."""
    size = rate // 50
    pcm = (samples * 32767).astype("<i2")
    clusters = []
    for number, stamp in enumerate(stamps):
        milliseconds = round(stamp * 1000)
        offset = min(0, milliseconds)
        block = (
            b"\x81" + struct.pack(">hB", offset, 0x80) + pcm[number * size : (number + 1) * size].tobytes()
        )
        body = _ebml("E7", (milliseconds - offset).to_bytes(8)) + _ebml("A3", block)
        clusters.append(_ebml("1F43B675", body))
    if void:
        clusters.insert(100, _ebml("EC", bytes(void)))
    sound = _ebml("B5", struct.pack(">d", rate)) + _ebml("9F", b"\1") + _ebml("6264", b"\x10")
    track = _ebml("D7", b"\1") + _ebml("73C5", b"\1") + _ebml("83", b"\2") + _ebml("86", b"A_PCM/INT/LIT")
    tracks = _ebml("1654AE6B", _ebml("AE", track + _ebml("E1", sound)))
    about = _ebml("2AD7B1", (1_000_000).to_bytes(4)) + _ebml("4D80", b"x") + _ebml("5741", b"x")
    if claimed is not None:
        about += _ebml("4489", struct.pack(">d", claimed * 1000))
    info = _ebml("1549A966", about)
    return _ebml("1A45DFA3", _ebml("4282", b"matroska")) + _ebml(
        "18538067", info + tracks + b"".join(clusters)
    )


def _ebml(identifier: str, body: bytes) -> bytes:
    return bytes.fromhex(identifier) + (len(body) | 1 << 56).to_bytes(8) + body


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
