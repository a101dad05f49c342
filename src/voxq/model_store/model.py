"""Description of a model: its role, its licence, and the sources of its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Literal

HUBS = ("huggingface", "modelscope")

_REPOSITORY = re.compile(r"[\w][\w.-]{0,95}/[\w][\w.-]{0,95}", re.ASCII)

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in total."""

Role = Literal["recogniser", "punctuation", "VAD", "speaker", "synthesiser", "voices", "embedder"]
"""Function of a model. Clients may ask for recognisers and synthesisers; the others assist those, and
embedders tell speakers apart."""


class ModelError(Exception):
    """A model is not installed or cannot be installed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file joined from parts in installed packages, each given as "package:path"; `size` is in bytes."""

    path: str
    size: int
    sha256: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """A model that comes with VoxQ's own dependencies, so that no network is needed."""

    requirements: tuple[str, ...]
    files: tuple[PackagedFile, ...]

    @property
    def digests(self) -> dict[str, str]:
        """Path -> SHA-256."""
        return {file.path: file.sha256 for file in self.files}

    @property
    def revision(self) -> str:
        """Identifier of the content, wherever it came from."""
        return sha256(" ".join(file.sha256 for file in self.files).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """A model in an npm package: the files in `folder` with `suffix`. `sha256` is that of the tarball."""

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
    """A model in public hubs.

    `repositories` maps a hub ("huggingface", "modelscope") to "owner/name"; the first hub is asked first.
    """

    repositories: dict[str, str]
    patterns: tuple[str, ...] = ("*",)
    """Files that are needed, as shell patterns of their paths."""
    required: tuple[str, ...] = ()
    """Paths that a directory not made by VoxQ must have to be accepted as this model."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 by path, of files whose content is known; others are checked against what the hub says."""

    def wants(self, path: str) -> bool:
        return any(PurePosixPath(path).match(pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Model:
    """An entry of the catalogue. `size_mb` is the approximate size on disk, in millions of bytes."""

    name: str
    engine: str
    source: Packages | NpmPackage | Hubs
    licence: str
    languages: str
    size_mb: int
    language_codes: tuple[str, ...] | None = None
    """Languages a client may name, as ISO 639-1 codes (and "yue", which has none); None: Whisper's."""
    role: Role = "recogniser"
    needs: tuple[str, ...] = ()
    """Names of the models that assist this one; pulling it pulls them, too."""
    best_for: str = ""
    """Recommended use, in a few words."""
    otherwise: Hubs | None = None
    """Hubs as a second source, preferred to packages and npm if one answers at once."""

    @property
    def hubs(self) -> Hubs | None:
        """Hubs that have the model, if any."""
        return self.source if isinstance(self.source, Hubs) else self.otherwise


def is_repository(name: str) -> bool:
    """Whether `name` looks like "owner/name"."""
    return _REPOSITORY.fullmatch(name) is not None
