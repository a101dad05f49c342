"""Uploads that keep the probing process busy: no other client waits long for them."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from api_server import NOTE
from media_files import written

from voxq.speech import decode as decoding
from voxq.speech import probe as probing
from voxq.speech.audio import SAMPLE_RATE, AudioError

MEGABYTES = 100
EMPTY_CHUNKS = b"junk\0\0\0\0" * (1 << 17)
EMPTY_ATOMS = b"\0\0\0\x08free" * (1 << 17)
DAMAGED_FRAMES = b"\xff\xf1\x50\x80\x00\xff\xfc" * (1 << 17)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"RIFF\xff\xff\xff\xffWAVE", EMPTY_CHUNKS),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", EMPTY_ATOMS),
        (b"", DAMAGED_FRAMES),
    ],
    ids=["wav", "m4a", "aac"],
)
def test_probing_gives_up_on_millions_of_empty_packets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes, more: bytes
) -> None:
    monkeypatch.setattr(probing, "_LOOK_SECONDS", 0.2)
    upload = tmp_path / "upload"
    with upload.open("wb") as file:
        file.write(begin)
        for _ in range(MEGABYTES):
            file.write(more)
    started = time.thread_time()
    with pytest.raises(AudioError):
        probing.probe(upload, 3600)
    assert time.thread_time() - started < 7  # most of it for the five megabytes that are always examined
    monkeypatch.setattr(decoding, "_SEARCH_SECONDS", 0.2)
    with pytest.raises(AudioError):
        list(decoding.decode_blocks(upload, 3600))
    assert time.thread_time() - started < 14


def test_a_real_recording_is_probed_to_its_end_in_that_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "_LOOK_SECONDS", 0.2)
    upload = tmp_path / "upload"
    upload.write_bytes(NOTE)
    assert probing.probe(upload, 3600).duration == pytest.approx(10.28, abs=0.1)


def test_long_damage_after_a_good_beginning_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording decodes and fails once in seven bytes: a gigabyte of it would take a quarter of an
    hour."""
    monkeypatch.setattr(decoding, "_SEARCH_SECONDS", 0.2)
    upload = tmp_path / "upload"
    good = written("adts", "aac", SAMPLE_RATE)
    upload.write_bytes(good + DAMAGED_FRAMES * 20)
    started = time.thread_time()
    with pytest.raises(AudioError, match="too much damage") as refused:
        list(decoding.decode_blocks(upload, 3600))
    assert refused.value.code == "undecodable"
    assert time.thread_time() - started < 5  # without a limit, twenty


def test_short_damage_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each decoded sound allows more damage after it, however much damage there is in total."""
    good, damage = written("adts", "aac", SAMPLE_RATE), DAMAGED_FRAMES[: 7 << 13]
    upload = tmp_path / "upload"
    upload.write_bytes((good + damage) * 20)
    monkeypatch.setattr(decoding, "_SEARCH_SECONDS", 0.5)
    started = time.thread_time()
    seconds = sum(map(len, decoding.decode_blocks(upload, 3600))) / SAMPLE_RATE
    assert seconds == pytest.approx(20 * 3, rel=0.05)
    assert time.thread_time() - started > 0.5, "else nothing was shown"


def test_a_table_that_points_to_the_same_bytes_over_and_over_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These bytes are read once, so that the end of the file does not stop it; two megabytes are half a
    million damaged frames."""
    monkeypatch.setattr(probing, "_LOOK_SECONDS", 0.2)
    monkeypatch.setattr(decoding, "_SEARCH_SECONDS", 0.2)
    movie = written("ipod", "aac", 44_100)
    upload = tmp_path / "upload"
    upload.write_bytes(_repeated(movie, 500_000, movie.index(b"mdat") + 304, size=4))
    for look in (lambda: probing.probe(upload, 1e6), lambda: list(decoding.decode_blocks(upload, 1e6))):
        started = time.thread_time()
        with pytest.raises(AudioError):
            look()
        assert time.thread_time() - started < 1.5  # without a limit, four


def test_packets_are_not_counted_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """These can be decoded, and only the header is wrong: the length counts as unknown."""
    monkeypatch.setattr(probing, "_SCAN_SECONDS", 0.1)
    movie = written("ipod", "aac", 44_100)
    sizes, places = movie.index(b"stsz") + 16, movie.index(b"stco") + 12
    (size,), (place,) = (struct.unpack(">I", movie[at : at + 4]) for at in (sizes, places))
    content = bytearray(_repeated(movie, 500_000, place, size))
    for box, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        at = content.index(box) + offset
        content[at : at + 4] = struct.pack(">I", 1)
    upload = tmp_path / "upload"
    upload.write_bytes(content)
    assert probing.probe(upload, 1e6).duration is None


def _repeated(movie: bytes, count: int, place: int, size: int) -> bytes:
    """Let the table of an MP4 file point to the same bytes so many times."""
    tables = {
        b"stts": struct.pack(">4xIII", 1, count, 1024),
        b"stsc": struct.pack(">4xIIII", 1, 1, 1, 1),
        b"stsz": struct.pack(">4xII", size, count),
        b"stco": struct.pack(">4xI", count) + struct.pack(">I", place) * count,
        b"edts": b"",
    }
    return _with_boxes(movie, tables)


def _with_boxes(movie: bytes, boxes: dict[bytes, bytes]) -> bytes:
    """Replace the contents of boxes of an MP4 file."""
    rest, made = movie, []
    while rest:
        size, name = struct.unpack(">I4s", rest[:8])
        body, rest = rest[8:size], rest[size:]
        if name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            body = _with_boxes(body, boxes)
        body = boxes.get(name, body)
        made.append(struct.pack(">I4s", 8 + len(body), name) + body)
    return b"".join(made)
