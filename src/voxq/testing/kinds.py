"""Kinds of task that only a test knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core import kinds as registry
from voxq.kinds import Kind


@contextmanager
def register_kind(kind: Kind) -> Iterator[None]:
    """For as long as the context, the kind is one of those of this process.

    What is put together from the kinds, such as `Parts`, knows it if that is made within. The processes of a
    service know the kinds that VOXQ_TEST_KINDS names, see `voxq.kinds.of_tests`.
    """
    registry.register(kind)
    try:
        yield
    finally:
        registry.withdraw(kind.name)
