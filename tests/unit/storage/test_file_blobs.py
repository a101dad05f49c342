"""Blobs as files of a directory: other things in it, and permissions."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from task_lab import make_task

from voxq.storage.blobs.files import FileBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "recordings", tmp_path / "incoming")


def test_only_the_owner_can_read_it(blobs: FileBlobs, tmp_path: Path) -> None:
    part = blobs.part("x")
    part.write_bytes(b"sound")
    part.chmod(0o644)
    name = make_task().file
    blobs.keep(part, name)
    assert stat.S_IMODE(blobs.path(name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "recordings").stat().st_mode) == 0o700


def test_other_files_in_the_directory_are_left_alone(blobs: FileBlobs, tmp_path: Path) -> None:
    (tmp_path / "recordings/notes.txt").touch()
    (tmp_path / "recordings/2025-12-01_001_abcdef.wav").symlink_to(tmp_path / "recordings/notes.txt")
    (tmp_path / "recordings/2025-12-01_002_abcdef.wav").mkdir()
    assert blobs.all() == []


def test_only_regular_files_are_blobs(blobs: FileBlobs, tmp_path: Path) -> None:
    """Refuse a FIFO, which would block a thread, and a link, which could lead anywhere."""
    fifo, link = make_task().file, make_task().file
    os.mkfifo(blobs.path(fifo))
    (tmp_path / "secret").write_bytes(b"sound")
    blobs.path(link).symlink_to(tmp_path / "secret")
    assert not blobs.exists(fifo)
    assert not blobs.exists(link)
