"""Erasure of deleted voiceprints: of all that lies of the tasks that they were made by. Everything here
blocks."""

from __future__ import annotations

from collections.abc import Mapping

from voxq.storage.voiceprints import Deleted, Voiceprints
from voxq.tasks.control import Control


class Erasure:
    """Removes the recordings, results and history of deleted voiceprints. It can be interrupted anywhere, and
    done again."""

    def __init__(self, voiceprints: Voiceprints, controls: Mapping[str, Control]) -> None:
        """`controls` by kind of task."""
        self._voiceprints = voiceprints
        self._controls = controls

    def erase(self, deleted: Deleted) -> None:
        """Erase what is left of a voiceprint. Raises redis.exceptions.RedisError or OSError; then `run` goes
        on with it."""
        for task_id in deleted.tasks:
            for control in self._controls.values():
                control.cancel(task_id)
                control.forget(task_id)
        self._voiceprints.finish_deletion(deleted)

    def run(self) -> None:
        """Finish all deletions. Raises as `erase`."""
        for deleted in self._voiceprints.deleted():
            self.erase(deleted)
