"""Observation of tasks by the events that Redis publishes."""

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
    """A change of a task; `at` is the arrival of the message on the monotonic clock."""

    at: float
    task_id: str
    status: Status


class Watch:
    """Context manager that collects events in a thread."""

    def __init__(self, service: Service) -> None:
        self._pubsub = service.redis().pubsub(ignore_subscribe_messages=True)
        self._pubsub.subscribe(EVENTS_CHANNEL, WAKE_CHANNEL)
        for _ in range(2):  # the replies to SUBSCRIBE: after them no event is missed
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
        """Events so far, in the order in which Redis published them."""
        with self._news:
            return list(self._events)

    def wait_ended(self, task_ids: Collection[str], seconds: float) -> float:
        """Wait until all of the tasks have ended; returns the seconds.

        Raises TimeoutError after `seconds`.
        """
        began, wanted = time.monotonic(), set(task_ids)
        with self._news:
            if not self._news.wait_for(lambda: self._ended.keys() >= wanted, seconds):
                missing = len(wanted - self._ended.keys())
                raise TimeoutError(f"{missing} of {len(task_ids)} tasks have not ended after {seconds:.0f} s")
        return time.monotonic() - began

    def wait_any_ended(self, task_ids: Collection[str], seconds: float) -> None:
        """Wait until one of the tasks has ended. Raises TimeoutError after `seconds`."""
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
        """Time of the first announcement of a task's end. Raises KeyError if it has not ended."""
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
    """Parse a message; None if it is no event.

    The wake channel carries ids of queued tasks, and other words.
    """
    at = time.monotonic()
    if channel == WAKE_CHANNEL:
        return Event(at, data, Status.QUEUED) if is_task_id(data) else None
    news = json.loads(data)
    return Event(at, news["task_id"], Status(news["status"]))
