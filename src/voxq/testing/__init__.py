"""Tools for tests of VoxQ and its extensions: kinds of task that only a test knows, and a worker that runs in
the test's own process, with doubles of the clock, of Redis and of model processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from voxq.core import kinds as registry
from voxq.kinds import Kind


@contextmanager
def register_kind(kind: Kind) -> Iterator[None]:
    """Register the kind in this process for as long as the context lasts.

    Objects that are assembled from the kinds, such as `Parts`, include it if they are made within the
    context. The processes of a service know the kinds that VOXQ_TEST_KINDS names, see
    `voxq.core.kinds.register_test_kinds`.
    """
    registry.register(kind)
    try:
        yield
    finally:
        registry.withdraw(kind.name)
