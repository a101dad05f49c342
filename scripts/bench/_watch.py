"""What becomes of tasks, as Redis announces it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from _service import Service

from voxq.core.task import Status, is_task_id
from voxq.queue.keys import EVENTS_CHANNEL, WAKE_CHANNEL


@dataclass(frozen=True, slots=True)
class Event:
    """A change of one task; `at` is on the monotonic clock, when the message came."""

    at: float
    task_id: str
    status: Status


class Watch:
    """Collects events in a thread for as long as the context."""

    def __init__(self, service: Service) -> None:
        self._pubsub = service.redis().pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe(EVENTS_CHANNEL, WAKE_CHANNEL)
        for _ in range(2):  # the answers to SUBSCRIBE: from here on nothing is missed
            self._pubsub.get_message(timeout=1.0)
        self._events: list[Event] = []
        self._ended: dict[str, float] = {}
        self._news = threading.Condition()
        self._publisher = False
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._publisher = True
        self._thread.join()
        self._pubsub.close()

    @property
    def events(self) -> list[Event]:
        """All so far, in the order in which Redis announced them."""
        with self._news:
            return list(self._events)

    def wait_ended(self, task_ids: Collection[str], seconds: float) -> float:
        """Until all of them have ended; how long that took. Raises TimeoutError after `seconds`."""
        began, wanted = time.monotonic(), set(task_ids)
        with self._news:
            if not self._news.wait_for(lambda: self._ended.keys() >= wanted, seconds):
                missing = len(wanted - self._ended.keys())
                raise TimeoutError(f"{missing} of {len(task_ids)} tasks have not ended after {seconds:.0f} s")
        return time.monotonic() - began

    def wait_any_ended(self, task_ids: Collection[str], seconds: float) -> None:
        """Until one of them has ended. Raises TimeoutError after `seconds`."""
        wanted = set(task_ids)
        with self._news:
            if not self._news.wait_for(lambda: not self._ended.keys().isdisjoint(wanted), seconds):
                raise TimeoutError(f"none of {len(wanted)} tasks has ended after {seconds:.0f} s")

    def count_ended(self, task_ids: Collection[str]) -> int:
        with self._news:
            return len(self._ended.keys() & set(task_ids))

    def has_ended(self, task_id: str) -> bool:
        with self._news:
            return task_id in self._ended

    def ended_at(self, task_id: str) -> float:
        """When its end was first announced. Raises KeyError while it has not ended."""
        with self._news:
            return self._ended[task_id]

    def _listen(self) -> None:
        while not self._publisher:
            message = self._pubsub.get_message(timeout=0.2)
            if message is None:
                continue
            event = _event(message["channel"], message["data"])
            if event is None:
                continue
            with self._news:
                self._events.append(event)
                if event.status.is_terminal:
                    self._ended.setdefault(event.task_id, event.at)
                    self._news.notify_all()


def _event(channel: str, data: str) -> Event | None:
    """Workers are woken by the id of a task that has come into a lane, and by other words."""
    at = time.monotonic()
    if channel == WAKE_CHANNEL:
        return Event(at, data, Status.QUEUED) if is_task_id(data) else None
    news = json.loads(data)
    return Event(at, news["task_id"], Status(news["status"]))
