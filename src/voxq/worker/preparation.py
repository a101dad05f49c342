"""Getting recordings ready for the engine: who is decoded next, by which media process, for how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from voxq.tasks.recordings import Recordings
from voxq.tasks.task import Lane
from voxq.worker.assignment import Assignment
from voxq.worker.media_link import MediaLink, News
from voxq.worker.plan import WorkPlan
from voxq.worker.poller import Poller

Hear = Callable[[Assignment, News], None]


class Preparation:
    """A line of assignments before a few media processes."""

    def __init__(
        self, links: Sequence[MediaLink], recordings: Recordings, plan: WorkPlan, poller: Poller, hear: Hear
    ) -> None:
        self._links = links
        self._recordings = recordings
        self._plan = plan
        self._poller = poller
        self._hear = hear
        self._line: list[Assignment] = []

    def start(self) -> None:
        """Have the processes ready before the first recording comes."""
        for link in self._links:
            self._watch(link)

    def add(self, assignment: Assignment) -> None:
        self._line.append(assignment)

    def remove(self, assignment: Assignment) -> None:
        """The recording is not needed any more."""
        if assignment in self._line:
            self._line.remove(assignment)
        for link in self._links:
            if link.assignment is assignment:
                self._kill(link)

    def advance(self) -> None:
        """Give every free process something to do."""
        for assignment in list(self._line):
            link = self._free_link(assignment)
            if link is not None:
                self._line.remove(assignment)
                recording = self._recordings.path(assignment.task.file)
                link.prepare(assignment, recording, self._plan.chunking_for(assignment.task))
                self._watch(link)

    @property
    def deadline(self) -> float:
        """When `enforce_deadlines` has something to do next (monotonic clock)."""
        return min((link.deadline for link in self._links), default=float("inf"))

    def enforce_deadlines(self) -> None:
        for link in self._links:
            if time.monotonic() >= link.deadline:
                self._unwatch(link)
                news = link.expire()
                if news is not None:
                    self._hear(*news)

    def close(self) -> None:
        for link in self._links:
            self._kill(link)

    def _free_link(self, assignment: Assignment) -> MediaLink | None:
        """The last free process is not for long recordings, or they would take them all."""
        free = [link for link in self._links if link.assignment is None]
        if not free or (assignment.task.lane is Lane.LONG and len(free) == 1 and len(self._links) > 1):
            return None
        return free[0]

    def _watch(self, link: MediaLink) -> None:
        self._poller.watch(link.start().fileno(), lambda: self._on_message(link))

    def _unwatch(self, link: MediaLink) -> None:
        if link.child is not None:
            self._poller.unwatch(link.child.fileno())

    def _kill(self, link: MediaLink) -> None:
        self._unwatch(link)
        link.kill()

    def _on_message(self, link: MediaLink) -> None:
        descriptor = link.child.fileno() if link.child else -1
        news = link.receive()
        if link.child is None:
            self._poller.unwatch(descriptor)
        if news is not None:
            self._hear(*news)
