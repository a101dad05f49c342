"""Registration of kinds of task that only a test knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core import kinds as registry
from voxq.kinds import Kind


@contextmanager
def register_kind(kind: Kind) -> Iterator[None]:
    """Register the kind in this process for as long as the context lasts.

    Objects that are assembled from the kinds, such as `Parts`, include it if they are made within the
    context. The processes of a service know the kinds that VOXQ_TEST_KINDS names, see `voxq.kinds.of_tests`.
    """
    registry.register(kind)
    try:
        yield
    finally:
        registry.withdraw(kind.name)
