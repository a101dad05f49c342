"""Tools for tests of VoxQ and its extensions: kinds of task that only a test knows, and a worker that runs in
the test's own process, with doubles of the clock, of Redis and of model processes."""

from __future__ import annotations

from voxq.testing.kinds import register_kind

__all__ = ["register_kind"]
