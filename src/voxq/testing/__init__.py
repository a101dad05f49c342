"""Tools for tests of VoxQ and of what is built on it: kinds of task that only a test knows, and a worker that
runs in the test's own process, with its clock, its Redis and the processes of its models as doubles."""

from __future__ import annotations

from voxq.testing.kinds import register_kind

__all__ = ["register_kind"]
