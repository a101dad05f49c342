"""Preparation of recordings and texts for the engine: their order, and the process for each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from voxq.core.task import Lane
from voxq.kinds.work import Prepared
from voxq.locale import Message
from voxq.worker.disk_trouble import DiskRetry, DiskWarnings
from voxq.worker.media.media_link import MediaFailed, MediaLink, News
from voxq.worker.media.news_queue import NewsQueue
from voxq.worker.media.pcm_budget import Sound, has_capacity
from voxq.worker.poller import Poller
from voxq.worker.runs.task_run import TaskRun

_TOLERANCE, _TOLERANCE_SECONDS = 1.1, 10.0
"""Factor and seconds by which a real recording's sound may exceed the length that its container promised."""
_HEAD_START: Mapping[Lane, float] = {Lane.HIGH: 10.0, Lane.SHORT: 5.0, Lane.LONG: 0.0}
"""Seconds by which a recording of a higher lane may have come later and still be decoded first."""


@dataclass(slots=True)
class _Case:
    """State of one recording or text until its task is removed. Times on the monotonic clock."""

    place: float
    """Place in the line: the lowest is next."""
    sound: Sound
    """Expected sound while it waits; then the sound that lies on disk, or will."""
    is_begun: bool = False
    disk_retry: DiskRetry = field(default_factory=DiskRetry)


class Preparation:
    """Prepares the task runs of a line in a few media processes."""

    def __init__(
        self,
        links: Sequence[MediaLink],
        poller: Poller,
        disk_warnings: DiskWarnings,
        *,
        sound_seconds: float,
        long_seconds: float,
        patience: float,
    ) -> None:
        """Start no process yet.

        `sound_seconds`: how much decoded sound may lie on disk at once; `long_seconds`: a longer recording
        counts as long, whatever its lane; `patience`: seconds to wait for a disk that accepts no data before
        a recording fails.
        """
        self._links = links
        self._poller = poller
        self._disk_warnings = disk_warnings
        self._sound_seconds = sound_seconds
        self._long_seconds = long_seconds
        self._patience = patience
        self._cases: dict[TaskRun, _Case] = {}
        self._line: list[TaskRun] = []
        self.news: NewsQueue[News] = NewsQueue()
        """News of recordings and texts that nobody has taken yet."""

    def start(self) -> None:
        """Start the first process before the first recording arrives; another is started when both are
        needed."""
        try:
            self._watch(self._links[0])
        except OSError as error:  # tried again with the first recording
            self._disk_warnings.about(error)

    def add(self, task_run: TaskRun) -> None:
        task = task_run.task
        place = time.monotonic() - _HEAD_START[task.lane]
        self._cases[task_run] = _Case(place, self._sound(task_run, task_run.policy.seconds))
        self._line.append(task_run)

    def remove(self, task_run: TaskRun) -> None:
        """Stop preparing a recording that is no longer needed, and discard its news."""
        self._cases.pop(task_run, None)
        self.news.discard(task_run)
        if task_run in self._line:
            self._line.remove(task_run)
        for link in self._links:
            if link.task_run is task_run:
                self._kill(link)

    def advance(self) -> None:
        """Give every free process a recording or text to prepare."""
        if not self._line or all(link.task_run is not None for link in self._links):
            return
        now = time.monotonic()
        crowded: set[bool] = set()
        for task_run in sorted(self._line, key=lambda each: self._cases[each].place):
            case = self._cases[task_run]
            is_long = case.sound.is_long
            link = self._free_link(is_long)
            if link is None and not is_long:
                return
            if link is None or now < case.disk_retry.not_before:
                continue
            # A recording that does not fit is not overtaken by a smaller one of its length class: that could
            # last for ever.
            if is_long in crowded or not self._fits(task_run, case.sound):
                crowded.add(is_long)
                continue
            if not self._begin(link, task_run):
                return

    @property
    def deadline(self) -> float:
        """Time at which there is news, or `enforce_deadlines` has something to do (monotonic clock)."""
        return 0.0 if self.news else min((link.deadline for link in self._links), default=float("inf"))

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

    def _free_link(self, is_long: bool) -> MediaLink | None:
        """Return a free process, one that runs if possible, or None. The last free one of several does not
        take long recordings."""
        free = [link for link in self._links if link.task_run is None]
        if not free or (is_long and len(free) == 1 and len(self._links) > 1):
            return None
        return next((link for link in free if link.child is not None), free[0])

    def _begin(self, link: MediaLink, task_run: TaskRun) -> bool:
        """Begin with the preparation. False: the disk does not accept data now."""
        self._line.remove(task_run)
        try:
            link.ask(task_run, task_run.policy.request)
            self._watch(link)
        except OSError as error:
            link.task_run = None
            reason = error.strerror or type(error).__name__
            self._postpone(
                task_run,
                MediaFailed("storage", Message("The disk is not writable: {reason}.", reason=reason)),
            )
            return False
        self._cases[task_run].is_begun = True
        return True

    def _sound(self, task_run: TaskRun, seconds: float) -> Sound:
        task = task_run.task
        return Sound(
            seconds * task_run.policy.disk_per_second, task.lane is Lane.LONG or seconds > self._long_seconds
        )

    def _fits(self, task_run: TaskRun, sound: Sound) -> bool:
        beside = [
            case.sound for other, case in self._cases.items() if case.is_begun and other is not task_run
        ]
        return has_capacity(sound, beside, self._sound_seconds)

    def _grow(self, task_run: TaskRun, decoded: float) -> bool:
        """Adjust the expected length to the `decoded` seconds on disk: its container may have promised less.
        False: the recording has to wait until it fits."""
        case = self._cases[task_run]
        if decoded <= _TOLERANCE * case.sound.seconds + _TOLERANCE_SECONDS:
            return True
        seconds = decoded / task_run.policy.disk_per_second
        case.sound = self._sound(task_run, seconds)
        if self._fits(task_run, case.sound):
            return True
        case.sound = self._sound(task_run, 2 * seconds)  # or it would come back for every second
        if not any(step.chunks.running for step in task_run.steps):  # or the engine would miss it
            task_run.directory.pcm.unlink(missing_ok=True)
        self._put_back(task_run)
        return False

    def _put_back(self, task_run: TaskRun) -> None:
        """Put the recording back into the line, at its old place: it will be decoded anew."""
        self._cases[task_run].is_begun = False
        self.news.discard(task_run)  # chunks that were found must not count in the next attempt
        task_run.start_over()
        self._line.append(task_run)

    def _postpone(self, task_run: TaskRun, failed: MediaFailed) -> None:
        """Wait for space, up to `patience`: a full disk is not the recording's fault.

        Only this recording waits. Its files are also missing if it was cancelled a moment ago, and no client
        may hold up the others by cancelling.
        """
        if not self._cases[task_run].disk_retry.again(time.monotonic(), self._patience):
            self.news.add(task_run, failed)
            return
        self._disk_warnings.about(failed.message)
        self._put_back(task_run)

    def _tell(self, task_run: TaskRun, news: News) -> None:
        if isinstance(news, MediaFailed) and news.is_disk_trouble:
            self._postpone(task_run, news)
            return
        if isinstance(news, Prepared):
            case = self._cases[task_run]
            case.disk_retry.over()
            case.sound = self._sound(task_run, news.duration or task_run.policy.seconds)
        self.news.add(task_run, news)

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
        told = link.receive()
        if link.child is None:
            self._poller.unwatch(descriptor)
        if told is None:
            return
        task_run, news = told
        if isinstance(news[0], list) and not self._grow(task_run, link.decoded):
            self._kill(link)
            return
        if link.task_run is None:
            self.advance()  # at once: handling the news may keep the worker busy for a while
        for each in news:
            self._tell(task_run, each)
