"""News of media processes about the tasks of a worker, kept until its loop takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from voxq.worker.runs.task_run import TaskRun

N = TypeVar("N")


class NewsQueue(Generic[N]):
    """News of many tasks, the oldest first. True while there is any."""

    def __init__(self) -> None:
        self._news: deque[tuple[TaskRun, N]] = deque()

    def __bool__(self) -> bool:
        return bool(self._news)

    def add(self, task_run: TaskRun, news: N) -> None:
        self._news.append((task_run, news))

    def take(self) -> Iterator[tuple[TaskRun, N]]:
        """Yield and remove all news; whoever handles them may add and discard some meanwhile."""
        while self._news:
            yield self._news.popleft()

    def of(self, task_run: TaskRun) -> Iterator[N]:
        """Iterate over the news of one task, without removing them."""
        return (news for each, news in self._news if each is task_run)

    def discard(self, task_run: TaskRun) -> None:
        """Remove the news of one task."""
        if self._news:
            self._news = deque(each for each in self._news if each[0] is not task_run)
