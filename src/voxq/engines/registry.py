"""The engines there are, by name. Nothing of an engine is imported before it is asked for."""

from __future__ import annotations

import importlib
import os

from voxq import extras
from voxq.engines.base import EngineError, EngineKind
from voxq.extras import Extra

_MODULES = {
    "faster-whisper": "voxq.engines.faster_whisper",
    "noop": "voxq.engines.noop",
    "funasr": "voxq.engines.funasr",
}

_EXTRAS = {"faster-whisper": extras.WHISPER, "funasr": extras.FUNASR}


def names() -> tuple[str, ...]:
    """Every engine that `find` knows."""
    return tuple(_MODULES)


def is_installed(name: str) -> bool:
    """Whether the libraries of an engine are there. Nothing is imported: they may be broken."""
    extra = extra_of(name)
    return extra is None or extra.is_installed


def extra_of(name: str) -> Extra | None:
    """The extra that brings the libraries of an engine; None of one that needs none."""
    return _EXTRAS.get(name)


def missing(name: str) -> Extra | None:
    """What to install before a worker can recognise with this engine; None if nothing."""
    needed = (extra_of(name), extras.WORKER)
    return next((extra for extra in needed if extra is not None and not extra.is_installed), None)


def find(name: str) -> EngineKind:
    """The engine of this name. Raises EngineError, with the names there are, for any other.

    With VOXQ_TEST_ENGINES=1, "module:attribute" names an engine that only tests can reach.
    """
    if name in _MODULES:
        return importlib.import_module(_MODULES[name]).KIND
    if os.environ.get("VOXQ_TEST_ENGINES") == "1" and ":" in name:
        module, attribute = name.split(":", 1)
        return getattr(importlib.import_module(module), attribute)
    raise EngineError(f"Unknown engine {name!r}. There are: {', '.join(_MODULES)}.")
