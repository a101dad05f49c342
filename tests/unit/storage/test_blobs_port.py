"""Conformance tests of adapters of the blobs port."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from task_lab import make_task

from voxq.storage.blobs.files import FileBlobs
from voxq.storage.blobs.port import Blobs

Opener = Callable[[Path], Blobs]


def files(root: Path) -> Blobs:
    return FileBlobs(root / "recordings", root / "incoming")


def durable_files(root: Path) -> Blobs:
    return FileBlobs(root / "recordings", root / "incoming", fsync=True)


ADAPTERS = [files, durable_files]
FOREIGN_NAMES = [
    "",
    "x.wav",
    "../recordings/2025-12-01_001_abcdef.wav",
    "2025-12-01_001_abcdef",
    "2025-12-01_001_abcdef.",
    "2025-12-01_001_abcdef.w/v",
    "2025-12-01_001_abcdef.tar.gz",
    "2025-12-01_001_abcdef.ｗａｖ",
]


@pytest.fixture(params=ADAPTERS, ids=lambda adapter: adapter.__name__)
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    opener: Opener = request.param
    return opener(tmp_path)


def keep(blobs: Blobs, name: str, content: bytes = b"sound") -> Path:
    part = blobs.part("x")
    part.write_bytes(content)
    blobs.keep(part, name)
    return blobs.path(name)


def test_an_upload_becomes_a_blob(blobs: Blobs) -> None:
    name = make_task().file
    assert not blobs.exists(name)
    path = keep(blobs, name)
    assert path.read_bytes() == b"sound"
    assert blobs.exists(name)
    assert not blobs.part("x").exists()
    blobs.remove(name)
    blobs.remove(name)
    assert not blobs.exists(name)
    assert not blobs.path(name).exists()


def test_storing_again_replaces_the_blob(blobs: Blobs) -> None:
    name = make_task().file
    with keep(blobs, name, b"first").open("rb") as reader:
        assert keep(blobs, name, b"second").read_bytes() == b"second"
        blobs.remove(name)
        assert reader.read() == b"first", "and whoever reads it reads on"


def test_the_age_of_a_blob_counts_from_its_storing(blobs: Blobs) -> None:
    part = blobs.part("x")
    part.write_bytes(b"sound")
    os.utime(part, (1, 1))  # probing took long
    blobs.keep(part, make_task().file)
    assert blobs.all()[0].modified > time.time() - 60


@pytest.mark.parametrize("name", FOREIGN_NAMES)
def test_invalid_names_are_refused(blobs: Blobs, name: str, tmp_path: Path) -> None:
    part = blobs.part("x")
    part.write_bytes(b"sound")
    for refused in (
        lambda: blobs.path(name),
        lambda: blobs.keep(part, name),
        lambda: blobs.take(name, tmp_path / "out"),
        lambda: blobs.share(name, make_task().file),
    ):
        with pytest.raises(ValueError):
            refused()
    assert not blobs.exists(name)
    blobs.remove(name)
    assert blobs.all() == []


def test_a_shared_blob_exists_under_both_names(blobs: Blobs) -> None:
    name, other = make_task().file, make_task().file
    assert not blobs.share(name, other), "there is none"
    keep(blobs, name)
    assert blobs.share(name, other)
    assert not blobs.share(name, other), "it is there already"
    blobs.remove(name)
    assert blobs.path(other).read_bytes() == b"sound"
    assert [blob.name for blob in blobs.all()] == [other]


def test_a_blob_can_be_moved_out(blobs: Blobs, tmp_path: Path) -> None:
    name = make_task().file
    with pytest.raises(FileNotFoundError):
        blobs.take(name, tmp_path / "out")
    keep(blobs, name)
    blobs.take(name, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"sound"
    assert not blobs.exists(name)


def test_removing_a_task_removes_its_blobs_of_all_formats(blobs: Blobs) -> None:
    task, other = make_task(), make_task()
    keep(blobs, task.file)
    keep(blobs, f"{task.id}.flac")
    keep(blobs, other.file)
    blobs.remove_of("*")
    blobs.remove_of(task.id)
    assert [(blob.name, blob.task_id) for blob in blobs.all()] == [(other.file, other.id)]


def test_uploads_that_were_cut_off_are_swept(blobs: Blobs) -> None:
    old, new = blobs.part("old"), blobs.part("new")
    for part in (old, new):
        part.touch()
    os.utime(old, (1, 1))
    assert blobs.sweep(before=time.time() - 3600) == 1
    assert new.exists()
