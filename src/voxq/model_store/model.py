"""What is known of one model: what it does, who may use it, and where its files come from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Literal

HUBS = ("huggingface", "modelscope")

_REPOSITORY = re.compile(r"[\w][\w.-]{0,95}/[\w][\w.-]{0,95}", re.ASCII)

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in total."""

Role = Literal["recogniser", "punctuation", "VAD", "speaker", "synthesiser", "voices"]
"""What a model does. For recognition clients are offered recognisers only; the others work for them."""


class ModelError(Exception):
    """A model is not there or cannot be installed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file that is put together from the parts that installed packages carry, given as "package:path"."""

    path: str
    size: int
    sha256: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """A model that came with VoxQ's own dependencies: no network is needed."""

    requirements: tuple[str, ...]
    files: tuple[PackagedFile, ...]

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {file.path: file.sha256 for file in self.files}

    @property
    def revision(self) -> str:
        """What identifies the content, wherever it came from."""
        return sha256(" ".join(file.sha256 for file in self.files).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """A model that is one folder's files with one suffix in an npm package; `sha256` of its tarball."""

    name: str
    version: str
    sha256: str
    folder: str
    suffix: str

    @property
    def requirement(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Hubs:
    """A model in public hubs: `repositories` maps a hub ("huggingface", "modelscope") to "owner/name",
    the hub to ask first in front."""

    repositories: dict[str, str]
    patterns: tuple[str, ...] = ("*",)
    """Which files are needed, as shell patterns of their paths."""
    required: tuple[str, ...] = ()
    """Files without which a directory that somebody else made is not this model."""

    def wants(self, path: str) -> bool:
        return any(PurePosixPath(path).match(pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue. `size_mb` is about what the files take on disk, in millions of bytes."""

    name: str
    engine: str
    source: Packages | NpmPackage | Hubs
    licence: str
    languages: str
    size_mb: int
    language_codes: tuple[str, ...] | None = None
    """What a client may name as language, as ISO 639-1 codes ("yue" has none); None: as Whisper's."""
    role: Role = "recogniser"
    needs: tuple[str, ...] = ()
    """The models that work for this one, by name: pulling it pulls them."""
    best_for: str = ""
    """Whom it suits, in a few words."""
    otherwise: Hubs | None = None
    """Where else its files come from: a hub that answers at once is preferred to packages and npm."""

    @property
    def hubs(self) -> Hubs | None:
        """The hubs that have it, if any."""
        return self.source if isinstance(self.source, Hubs) else self.otherwise


def is_repository(name: str) -> bool:
    """Whether this looks like "owner/name"."""
    return _REPOSITORY.fullmatch(name) is not None
