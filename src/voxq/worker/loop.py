"""The worker: an RQ worker whose event loop admits tasks and keeps its media and model processes busy.

RQ gives it identity, registration and every monitoring view. The loop is its own, because RQ's worker state
is for a single job. One thread does everything here; it never touches a model or an untrusted byte.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Collection, Sequence
from typing import Any

import redis
from loguru import logger
from rq.serializers import JSONSerializer
from rq.worker.base import BaseWorker, WorkerStatus

from voxq.queue.keys import WORKERS_KEY
from voxq.worker.assembly import WorkerParts
from voxq.worker.cycle import WorkCycle
from voxq.worker.lifecycle.claims import WORKER_TTL
from voxq.worker.runs.batch import Batch
from voxq.worker.wakeup import Wakeup

_SHARE_OF_SHUTDOWN = 0.7
"""Share of SHUTDOWN_SECONDS for finishing the batches that engines were given; the rest is for handing
back."""


class ModelWorker(BaseWorker):
    """Worker of one device. `work()` returns after SIGTERM or SIGINT, with all tasks handed back."""

    def __init__(
        self,
        worker_parts: WorkerParts,
        wakeup: Wakeup,
        *,
        name: str,
        worker_id: int,
        device: str,
        queues: Sequence[str],
        rq_connection: redis.Redis,
        shutdown_seconds: float,
    ) -> None:
        """Take the parts of the worker. `rq_connection` returns bytes, as RQ requires."""
        super().__init__(
            queues, name=name, connection=rq_connection, serializer=JSONSerializer, worker_ttl=WORKER_TTL
        )
        self.worker_id = worker_id
        self._device = device
        self._parts = worker_parts
        self._cycle = WorkCycle(worker_parts)
        self._wakeup = wakeup
        self._shutdown_seconds = shutdown_seconds
        self._is_ready = False
        self._is_draining = False
        self._stop_by: float | None = None
        self._last_batches: Collection[Batch] = ()

    def work(self, *_: Any, **__: Any) -> bool:
        """Work until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._parts.pool.keep()  # first of all, because nothing else takes as long
        self._parts.redis_link.attempt(self._register)
        self._wakeup.start()
        self._parts.poller.watch(self._wakeup.fileno(), self._on_wakeup)
        logger.info("Worker-{} status=starting device={}", self.worker_id, self._device)
        try:
            while not self._is_done():
                self._step()
        finally:
            self._leave()
        return True

    def _step(self) -> None:
        parts = self._parts
        ready = parts.poller.wait(self._cycle.next_event - time.monotonic())
        # Heartbeats first: after a long standstill others may have taken over what the messages are about.
        if time.monotonic() >= parts.heartbeat.due:
            parts.heartbeat.wait()
            self._tick()
        self._cycle.handle(ready)
        if self._is_draining and not parts.task_runs and self._stop_by is None:
            self._request_stop()
        if self._stop_by is None:
            self._cycle.begin_more()

    def _tick(self) -> None:
        if not self._cycle.tick(is_stopping=self._stop_by is not None):
            self._parts.redis_link.attempt(self._register)
        if not self._is_ready and self._parts.pool.is_settled:
            self._is_ready = True
            self._parts.media.preparation.start()  # not before: it would slow the loading down
            logger.info("Worker-{} status=ready device={}", self.worker_id, self._device)

    # Shutdown.

    def _on_signal(self, *_: Any) -> None:
        self._request_stop()
        self._wakeup.wake()

    def _on_wakeup(self) -> None:
        parts = self._parts
        parts.admission.look_again()
        for command in self._wakeup.drain():
            match command:
                case {"command": "shutdown"}:
                    self._request_stop()
                case {"command": "drain"}:
                    self._is_draining = parts.admission.is_closed = True
                    logger.info("Worker-{} status=draining tasks={}", self.worker_id, len(parts.task_runs))
                case {"command": "kill-horse"}:
                    parts.failures.end_processes()
                case {"command": "stop-job", "job_id": str(task_id)}:
                    task_run = parts.task_runs.get(task_id)
                    if task_run is not None:
                        parts.endings.cancel(task_run)

    def _request_stop(self) -> None:
        """Finish the batches that engines were given; at the second request, stop now."""
        now = time.monotonic()
        patience = self._shutdown_seconds * _SHARE_OF_SHUTDOWN
        self._stop_by = now if self._stop_by is not None else now + patience
        self._last_batches = self._parts.pool.batches
        self._parts.admission.is_closed = True
        self._parts.tuner.stop()

    def _is_done(self) -> bool:
        if self._stop_by is None:
            return False
        in_hand = {batch.id for batch in self._parts.pool.batches}
        is_done = in_hand.isdisjoint(batch.id for batch in self._last_batches)
        return is_done or time.monotonic() >= self._stop_by

    def _leave(self) -> None:
        """Hand back the remaining tasks (finished chunks stay on disk), then disappear from every view."""
        parts = self._parts
        parts.pool.close()
        parts.media.close()
        parts.endings.announce()
        parts.endings.publish()
        released = parts.endings.hand_back_all()
        parts.counts.send()
        parts.redis_link.attempt(self.register_death)
        parts.redis_link.attempt(lambda: self.connection.hdel(WORKERS_KEY, self.name))
        self._wakeup.close()
        logger.info("Worker-{} status=stopped requeued={}", self.worker_id, released)

    def _register(self) -> None:
        with contextlib.suppress(ValueError):  # what was sent into an outage has arrived after all
            self.register_birth()
        self.set_state(WorkerStatus.IDLE)
