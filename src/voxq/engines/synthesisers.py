"""The synthesisers there are, by name. Nothing of one is imported before it is asked for."""

from __future__ import annotations

import importlib
import os

from voxq import extras
from voxq.engines.base import EngineError
from voxq.engines.synthesis import SynthesiserKind
from voxq.extras import Extra

_MODULES = {
    "hibari": "voxq.engines.hibari",
    "kokoro": "voxq.engines.kokoro",
}

_EXTRAS = {"hibari": extras.HIBARI, "kokoro": extras.KOKORO}


def names() -> tuple[str, ...]:
    """Every synthesiser that `find` knows, the embedded one first.

    With VOXQ_TEST_ENGINES=1, the one that VOXQ_TEST_SYNTHESISER names is offered as well.
    """
    of_tests = os.environ.get("VOXQ_TEST_SYNTHESISER") if os.environ.get("VOXQ_TEST_ENGINES") == "1" else None
    return (*_MODULES, of_tests) if of_tests else tuple(_MODULES)


def missing(name: str) -> Extra | None:
    """What to install before this one can speak; None if nothing."""
    extra = _EXTRAS.get(name)
    return None if extra is None or extra.is_installed else extra


def find(name: str) -> SynthesiserKind:
    """The synthesiser of this name. Raises EngineError, with the names there are, for any other.

    With VOXQ_TEST_ENGINES=1, "module:attribute" names one that only tests can reach.
    """
    if os.environ.get("VOXQ_TEST_ENGINES") == "1" and ":" in name:
        module, attribute = name.split(":", 1)
        return getattr(importlib.import_module(module), attribute)
    if name not in _MODULES:
        raise EngineError(f"Unknown synthesiser {name!r}. There are: {', '.join(_MODULES)}.")
    return importlib.import_module(_MODULES[name]).KIND
