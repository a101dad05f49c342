"""Engine families by name. A family's module is imported only when it is requested."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from voxq import extras
from voxq.engines import description, environments, plugins
from voxq.engines.contract import Capability, EngineError, EngineFamily, EngineRequest, Requirements
from voxq.locale import Message
from voxq.model_store.store import ModelStore

_BUILT_IN: Mapping[Capability, Mapping[str, str]] = {
    Capability.RECOGNISE: {
        "faster-whisper": "voxq.engines.recognise.faster_whisper",
        "noop": "voxq.engines.recognise.noop",
        "funasr": "voxq.engines.recognise.funasr",
        "sherpa-onnx": "voxq.engines.recognise.sherpa_onnx",
    },
    Capability.SPEAK: {
        "hibari": "voxq.engines.speak.hibari",
        "kokoro": "voxq.engines.speak.kokoro",
        "pocket-tts": "voxq.engines.speak.cloning.pocket_tts",
        "qwen3-tts": "voxq.engines.speak.cloning.qwen3_tts",
        "indextts2": "voxq.engines.speak.cloning.indextts2",
        "cosyvoice": "voxq.engines.speak.cloning.cosyvoice",
        "chatterbox": "voxq.engines.speak.cloning.chatterbox",
    },
    Capability.REWRITE: {
        "llm": "voxq.engines.rewrite.llm",
    },
    Capability.EMBED: {
        "ge2e": "voxq.engines.embed.ge2e",
        "sherpa-speaker": "voxq.engines.embed.sherpa_speaker",
    },
}
"""Modules with the FAMILY of each name. A text without a voice is spoken by the first one with its
language."""
_MODULES = {name: module for families in _BUILT_IN.values() for name, module in families.items()}
_ONLY_CATALOGUE = frozenset(_BUILT_IN[Capability.RECOGNISE])
"""Families whose models are all in the catalogue, so that they can be listed without importing them."""

_HEARING = Requirements(extras.WORKER.modules, extras.WORKER.name)
"""Packages that find the speech in recordings, needed with every recogniser."""

_added: dict[str, EngineFamily] = {}
"""Families of other packages that this process uses."""
_interpreters: dict[str, Path] = {}
"""Interpreters of the families that have an environment of their own."""


def use_plugins(names: Iterable[str]) -> None:
    """Register the families that other packages provide by these names: from environments of their own if
    there are any, else from this one.

    Raises EngineError for one that cannot be used, or that has the name of a built-in family.
    """
    for name in names:
        if name in _added:
            continue
        if name in _MODULES:
            raise EngineError(
                Message("The engine {name} is built in: no package can take its place.", name=name)
            )
        environment = environments.find(name)
        _added[name] = environment.family() if environment else plugins.load(name)
        if environment:
            _interpreters[name] = environment.interpreter


def use_here(name: str) -> None:
    """Register the family that a package in this process's own environment provides. Raises EngineError."""
    _added[name] = plugins.load(name)


def is_built_in(name: str) -> bool:
    """Whether this family is VoxQ's own."""
    return name in _MODULES


def describe(name: str) -> dict[str, Any]:
    """Describe the family of this name in the environment where its libraries are, all of which are imported.
    Raises EngineError."""
    family = find(name) if name in _MODULES else plugins.load(name)
    for library in family.requirements.libraries:
        try:
            importlib.import_module(library)
        except (Exception, SystemExit) as error:  # the module of another package may raise anything
            reason = f"{type(error).__name__}: {error}"
            raise EngineError(
                Message("The module {library} cannot be imported: {reason}", library=library, reason=reason)
            ) from error
    return description.describe(family)


def interpreter_of(name: str) -> Path | None:
    """Return the interpreter for the model processes of a family; None if it has no environment of its
    own."""
    if name in _MODULES and (own := find(name).requirements.environment):
        environment = environments.find(own)
        return environment.interpreter if environment else None
    return _interpreters.get(name)


def is_plugin(name: str) -> bool:
    """Whether this family comes from another package."""
    return name in _added


def names(capability: Capability | None = None) -> tuple[str, ...]:
    """Return the names that `find` accepts, or those with this capability.

    With VOXQ_TEST_ENGINES=1, VOXQ_TEST_SYNTHESISER adds one more synthesiser.
    """
    known = {name: each for each, families in _BUILT_IN.items() for name in families}
    known |= {name: family.capability for name, family in _added.items()}
    if os.environ.get("VOXQ_TEST_ENGINES") == "1" and (ours := os.environ.get("VOXQ_TEST_SYNTHESISER")):
        known[ours] = Capability.SPEAK
    return tuple(name for name, each in known.items() if capability in (None, each))


def find(name: str, capability: Capability | None = None) -> EngineFamily:
    """Find a family by name. Raises EngineError, with the known names, if there is none with this capability.

    With VOXQ_TEST_ENGINES=1, "module:attribute" names a family that is available only to tests.
    """
    family = _find(name)
    if family is None or (capability is not None and family.capability is not capability):
        raise EngineError(
            Message(
                "Unknown engine {name!r}. There are: {there}.",
                name=name,
                there=", ".join(names(capability)),
            )
        )
    return family


def missing(name: str) -> Requirements | None:
    """Return what to install before a worker can use this family; None if nothing is missing or there is no
    such family."""
    try:
        family = find(name)
    except EngineError:
        return None
    needed = [family.requirements]
    if family.capability is Capability.RECOGNISE:
        needed.append(_HEARING)
    return next((each for each in needed if not each.are_installed), None)


def is_installed(name: str) -> bool:
    """Whether the libraries of a family are installed. They are not imported, so they may still be broken."""
    return find(name).requirements.are_installed


def models(capability: Capability) -> Mapping[str, EngineFamily]:
    """Return the models that families with this capability provide themselves, by name. Raises
    EngineError."""
    offered: dict[str, EngineFamily] = {}
    for name in names(capability):
        if name in _ONLY_CATALOGUE:
            continue
        family = find(name)
        for model in family.models:
            offered.setdefault(model, family)
    return offered


def installed(capability: Capability, store: ModelStore) -> Mapping[str, EngineFamily]:
    """Return those of `models` that are completely installed: their files, and the libraries of their family.
    Reads directories. Raises EngineError."""
    return {model: family for model, family in models(capability).items() if _is_here(model, family, store)}


def _is_here(model: str, family: EngineFamily, store: ModelStore) -> bool:
    roles = family.roles_for(EngineRequest(family.name, model))
    return family.requirements.are_installed and all(store.find(name) is not None for name in roles.values())


def _find(name: str) -> EngineFamily | None:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name]).FAMILY
    if name in _added:
        return _added[name]
    if os.environ.get("VOXQ_TEST_ENGINES") == "1" and ":" in name:
        module, attribute = name.split(":", 1)
        return getattr(importlib.import_module(module), attribute)
    return None
