"""Speech encoded as files and as streams, and decoded again."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from voxq.speech.audio import SPEECH_FORMATS, Samples
from voxq.speech.encode import AudioWriter, encode

RATE = 24_000
FRAME_SECONDS = {"mp3": 2 * 0.048, "aac": 2 * 0.043, "opus": 0.02}
"""Seconds of a codec's frame; two frames where only a header corrected at the end could tell the warm-up."""


def tone(seconds: float) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)


class Pipe:
    """Sink without `seek`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def stream(samples: Samples, format: str, step: int = 1000, **rates: int) -> list[bytes]:
    """Encode in steps of `step` samples; returns the bytes written after each."""
    sink = Pipe()
    writer = AudioWriter(sink, format, RATE, **rates)
    parts = []
    for start in range(0, len(samples), step):
        writer.write(samples[start : start + step])
        parts.append(sink.taken())
    writer.close()
    return [*parts, sink.taken()]


def decoded(data: bytes, format: str, rate: int = RATE) -> tuple[Samples, int]:
    if format == "pcm":
        return np.frombuffer(data, "<i2").astype(np.float32) / 32768, rate
    with av.open(io.BytesIO(data)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        file_rate = container.streams.audio[0].rate
    samples = np.concatenate(frames, axis=1)[0]
    return (samples.astype(np.float32) / 32768 if samples.dtype == np.int16 else samples), file_rate


@pytest.mark.parametrize("format", SPEECH_FORMATS)
@pytest.mark.parametrize("seconds", [0.05, 3.21])
@pytest.mark.parametrize("streamed", [True, False])
def test_length_and_loudness_are_kept(format: str, seconds: float, streamed: bool) -> None:
    samples = tone(seconds)
    data = b"".join(stream(samples, format)) if streamed else encode(samples, RATE, format)
    heard, rate = decoded(data, format)
    assert len(heard) / rate == pytest.approx(seconds, abs=FRAME_SECONDS.get(format, 0) + 1e-9)
    if format in ("wav", "pcm"):
        assert np.abs(heard - samples).max() < 1e-4
    elif seconds > 1:
        middle = heard[len(heard) // 4 : -len(heard) // 4]
        assert np.sqrt((middle**2).mean()) == pytest.approx(0.3 / np.sqrt(2), rel=0.06)  # LAME takes off 5%


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_bytes_come_before_the_end(format: str) -> None:
    parts = stream(tone(4), format)
    half = len(parts) // 2
    assert sum(map(len, parts[:half])) > 0.3 * sum(map(len, parts))
    assert max(map(len, parts)) < 0.4 * sum(map(len, parts))


def test_a_streamed_wav_has_an_unknown_length_and_a_file_the_right_one(tmp_path: Path) -> None:
    samples = tone(0.5)
    head = b"".join(stream(samples, "wav"))[:44]
    assert (head[:4], head[8:16], head[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")
    assert struct.unpack("<I", head[4:8]) == struct.unpack("<I", head[40:44]) == (0xFFFFFFFF,)
    with (tmp_path / "a.wav").open("wb") as file:
        writer = AudioWriter(file, "wav", RATE)
        writer.write(samples)
        writer.close()
    data = (tmp_path / "a.wav").read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    assert struct.unpack("<I", data[40:44])[0] == 2 * len(samples)


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_a_stream_without_speech_is_valid(format: str) -> None:
    assert isinstance(stream(tone(0), format)[-1], bytes)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_another_rate_can_be_asked_for(rate: int) -> None:
    data = b"".join(stream(tone(1), "pcm", file_rate=rate))
    assert len(data) / 2 == pytest.approx(rate, abs=1)


@pytest.mark.parametrize("rate", [0, 7_999, 48_001, 10**9])
def test_absurd_rates_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="8000 to 48000"):
        AudioWriter(Pipe(), "wav", RATE, file_rate=rate)


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_the_same_samples_give_the_same_bytes_however_they_are_cut_and_written(format: str) -> None:
    samples = tone(1.3)
    file = encode(samples, RATE, format)
    assert file == encode(samples, RATE, format)
    first, second = b"".join(stream(samples, format, 777)), b"".join(stream(samples, format, 20_000))
    assert first == second
    assert first[64:] == file[64:]
    if format not in ("wav", "flac"):
        assert first == file


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_encoders_hold_back_little_audio(format: str) -> None:
    """Decode what has been written after two seconds, before any more comes."""
    written = b"".join(stream(tone(2), format)[:-1])
    heard, rate = decoded(written, format)
    assert 2 - len(heard) / rate <= 0.25
