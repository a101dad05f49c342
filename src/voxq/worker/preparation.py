"""Getting recordings ready for the engine: who is decoded next, by which media process, for how long."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from voxq.tasks.recordings import Recordings
from voxq.tasks.task import Lane
from voxq.worker.assignment import Assignment, Prepared
from voxq.worker.complaint import Complaint
from voxq.worker.media_link import MediaFailed, MediaLink, News
from voxq.worker.plan import WorkPlan
from voxq.worker.poller import Poller

Hear = Callable[[Assignment, News], None]

_RETRY_SECONDS = 2.0
"""Between two attempts to write to a disk that takes nothing."""


class Preparation:
    """A line of assignments before a few media processes."""

    def __init__(
        self,
        links: Sequence[MediaLink],
        recordings: Recordings,
        plan: WorkPlan,
        poller: Poller,
        hear: Hear,
        trouble: Complaint,
        *,
        sound_seconds: float,
        patience: float,
    ) -> None:
        """`sound_seconds`: how much decoded sound of long recordings may lie on disk at once; `patience`:
        seconds for which a disk that takes nothing is waited for before a recording fails."""
        self._links = links
        self._recordings = recordings
        self._plan = plan
        self._poller = poller
        self._hear = hear
        self._trouble = trouble
        self._sound_seconds = sound_seconds
        self._patience = patience
        self._line: list[Assignment] = []
        self._on_disk: set[Assignment] = set()
        self._troubled_since: dict[Assignment, float] = {}
        self._not_before: dict[Assignment, float] = {}

    def start(self) -> None:
        """Have the processes ready before the first recording comes."""
        for link in self._links:
            try:
                self._watch(link)
            except OSError as error:  # tried again with the first recording
                self._trouble.about(error)

    def add(self, assignment: Assignment) -> None:
        self._line.append(assignment)

    def remove(self, assignment: Assignment) -> None:
        """The recording is not needed any more."""
        self._on_disk.discard(assignment)
        self._troubled_since.pop(assignment, None)
        self._not_before.pop(assignment, None)
        if assignment in self._line:
            self._line.remove(assignment)
        for link in self._links:
            if link.assignment is assignment:
                self._kill(link)

    def advance(self) -> None:
        """Give every free process something to do."""
        now = time.monotonic()
        for assignment in list(self._line):
            link = self._free_link(assignment)
            is_early = now < self._not_before.get(assignment, now)
            if link is None or is_early or not self._fits(assignment):
                continue
            self._line.remove(assignment)
            recording = self._recordings.path(assignment.task.file)
            try:
                link.prepare(assignment, recording, self._plan.chunking_for(assignment.task))
                self._watch(link)
            except OSError as error:
                link.assignment = None
                reason = error.strerror or type(error).__name__
                self._postpone(assignment, MediaFailed("storage", f"The disk is not writable: {reason}."))
                return
            self._on_disk.add(assignment)

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
                    self._tell(*news)

    def close(self) -> None:
        for link in self._links:
            self._kill(link)

    def _free_link(self, assignment: Assignment) -> MediaLink | None:
        """The last free process is not for long recordings, or they would take them all."""
        free = [link for link in self._links if link.assignment is None]
        if not free or (assignment.task.lane is Lane.LONG and len(free) == 1 and len(self._links) > 1):
            return None
        return free[0]

    def _fits(self, assignment: Assignment) -> bool:
        """Whether its sound may lie on disk beside that of the others. One long recording always may."""
        if assignment.task.lane is not Lane.LONG:
            return True
        used = sum(other.task.seconds for other in self._on_disk if other.task.lane is Lane.LONG)
        return not used or used + assignment.task.seconds <= self._sound_seconds

    def _postpone(self, assignment: Assignment, failed: MediaFailed) -> None:
        """A full disk is not the recording's fault: wait for space, within reason.

        Only this one waits. Its files are gone, too, when it was cancelled a moment ago, and no client may
        hold up the others by cancelling.
        """
        now = time.monotonic()
        if now - self._troubled_since.setdefault(assignment, now) > self._patience:
            self._hear(assignment, failed)
            return
        self._trouble.about(failed.message)
        assignment.start_over()
        self._line.insert(0, assignment)
        self._not_before[assignment] = now + _RETRY_SECONDS

    def _tell(self, assignment: Assignment, news: News) -> None:
        if isinstance(news, MediaFailed) and news.is_disk_trouble:
            self._postpone(assignment, news)
            return
        if isinstance(news, Prepared):
            self._troubled_since.pop(assignment, None)
        self._hear(assignment, news)

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
            self._tell(*news)
