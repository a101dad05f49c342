"""The engines there are, by name. Nothing of an engine is imported before it is asked for."""

from __future__ import annotations

import importlib
import os
from importlib.util import find_spec

from voxq.engines.base import EngineError, EngineKind

_MODULES = {
    "faster-whisper": "voxq.engines.faster_whisper",
    "noop": "voxq.engines.noop",
    "funasr": "voxq.engines.funasr",
}

# What comes with an extra only.
_LIBRARIES = {"funasr": ("funasr", "torch")}


def names() -> tuple[str, ...]:
    """Every engine that `find` knows."""
    return tuple(_MODULES)


def is_installed(name: str) -> bool:
    """Whether the libraries of an engine are there. Nothing is imported: they may be broken."""
    return all(find_spec(library) is not None for library in _LIBRARIES.get(name, ()))


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
