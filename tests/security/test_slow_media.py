"""Uploads made to keep the process that looks into them busy: nobody waits behind them for long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from api_server import NOTE

from voxq.speech import probe as probing
from voxq.speech.audio import AudioError

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
def test_millions_of_pieces_without_a_sample_are_not_all_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes, more: bytes
) -> None:
    monkeypatch.setattr(probing, "_LOOK_SECONDS", 0.2)
    upload = tmp_path / "upload"
    with upload.open("wb") as file:
        file.write(begin)
        for _ in range(MEGABYTES):
            file.write(more)
    started = time.monotonic()
    with pytest.raises(AudioError):
        probing.probe(upload, 3600)
    assert time.monotonic() - started < 7  # most of it for the five megabytes that are always looked at


def test_a_recording_is_looked_at_to_its_end_in_that_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "_LOOK_SECONDS", 0.2)
    upload = tmp_path / "upload"
    upload.write_bytes(NOTE)
    assert probing.probe(upload, 3600).duration == pytest.approx(10.28, abs=0.1)
