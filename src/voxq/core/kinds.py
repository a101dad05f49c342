"""Registry of the kinds of task, by name. `voxq.kinds` fills it: no package below that one names a kind."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from voxq.core.inputs import Inputs
from voxq.core.options import Options


class UnknownKind(ValueError):
    """No kind of this name is registered."""


class KindOfTask(Protocol):
    """Interface of a kind to its tasks."""

    @property
    def name(self) -> str:
        """Prefix of its Redis keys and part of its URLs; every record contains it."""
        ...

    @property
    def options(self) -> type[Options]:
        """Class of its options."""
        ...

    def read_options(self, record: Mapping[str, Any]) -> Options:
        """Read the options in a record of this or an earlier version. Raises ValueError."""
        ...

    def is_made_from(self, inputs: Inputs) -> bool:
        """Whether its tasks are made from such inputs."""
        ...

    def makes(self, outputs: Mapping[str, str]) -> bool:
        """Whether its tasks make such files."""
        ...


_registered: dict[str, KindOfTask] = {}


def register(kind: KindOfTask) -> None:
    """Make a kind known in this process. One of the same name is replaced."""
    _registered[kind.name] = kind


def registered() -> Mapping[str, KindOfTask]:
    """Return every kind by its name, in the order of registration."""
    return MappingProxyType(_registered)


def find(name: object) -> KindOfTask:
    """Return the kind of this name. Raises UnknownKind."""
    try:
        return _registered[str(name)]
    except KeyError:
        raise UnknownKind(f"There is no kind of task {str(name)[:40]!r}") from None


def withdraw(name: str) -> None:
    """Make a kind unknown in this process; a name that is not known is ignored."""
    _registered.pop(name, None)


def register_test_kinds() -> None:
    """Register the kinds that VOXQ_TEST_KINDS names as "module:ATTRIBUTE", between commas, if
    VOXQ_TEST_ENGINES=1.

    This is how the processes of a service know kinds that belong to tests.
    """
    if os.environ.get("VOXQ_TEST_ENGINES") != "1":
        return
    for name in filter(None, os.environ.get("VOXQ_TEST_KINDS", "").split(",")):
        module, _, attribute = name.partition(":")
        register(getattr(importlib.import_module(module), attribute))
