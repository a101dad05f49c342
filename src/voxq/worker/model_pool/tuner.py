"""Measures, when a worker has had nothing to do for a while, with which layout its models are fastest here.

The models that serve are left alone: a second process has the model meanwhile, at the lowest priority, and is
killed when a task comes. What was measured is used from the worker's next start on.
"""

from __future__ import annotations

import os
import time

from loguru import logger

from voxq.machine import load
from voxq.storage.records import Damaged
from voxq.storage.tuning import Subject, Tuning, Tunings
from voxq.worker.model_pool.measurement import MachineBusy, Measurement, MeasurementFailed
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.poller import Poller

_LONGEST = 120.0
"""Seconds after which a measurement is given up until the next start: the model is too slow for it."""


class Tuner:
    """Tunes the models of one worker. Times are on the monotonic clock."""

    def __init__(
        self, pool: ModelPool, tunings: Tunings, poller: Poller, *, idle_seconds: float, worker_id: int
    ) -> None:
        """Measure nothing before `idle_seconds` without work; 0: never."""
        self._pool = pool
        self._tunings = tunings
        self._poller = poller
        self._idle_seconds = idle_seconds
        self._worker_id = worker_id
        self._measurements: dict[str, Measurement] = {}
        """By model: also those that were interrupted."""
        self._settled: set[str] = set()
        """Models that were measured, or cannot be."""
        self._current: str | None = None
        self._turn: int | None = None
        self._started_at = 0.0
        self._idle_since = time.monotonic()

    def stop(self) -> None:
        """End the measurement that runs, if any, because there is work; it goes on later."""
        self._idle_since = time.monotonic()
        if self._current is not None:
            self._end_process(self._measurements[self._current])
            self._current = None
        if self._turn is not None:
            os.close(self._turn)
            self._turn = None

    def look(self) -> None:
        """Begin to measure if it is time to. To be called once a second while there is no work."""
        now = time.monotonic()
        if self._current is not None:
            if now - self._started_at > _LONGEST:
                self._give_up(f"not finished in {_LONGEST:.0f} s")
            return
        if not self._idle_seconds or now - self._idle_since < self._idle_seconds:
            return
        name, subject = self._next()
        if subject is None or not load.is_quiet():
            return
        try:
            self._turn = self._tunings.take_turn()
        except (OSError, Damaged) as error:
            logger.warning("Worker-{} cannot keep what it measures: {}", self._worker_id, error)
            self._settled.add(name)
            return
        if self._turn is None:
            return
        self._current, self._started_at = name, now
        if (known := self._tunings.find(subject)) is not None:  # another worker was quicker
            self._settle(known)
            return
        self._measurements.setdefault(name, Measurement(subject))
        self._start()

    def _next(self) -> tuple[str, Subject | None]:
        """Name and subject of a loaded model that is to be measured, and whose second copy has memory."""
        for pooled in self._pool:
            plan = pooled.plan
            is_due = plan.tuning is None and plan.subject.layouts and pooled.name not in self._settled
            if is_due and pooled.link.is_ready and self._pool.has_memory_for(pooled):
                return pooled.name, plan.subject
        return "", None

    def _start(self) -> None:
        assert self._current is not None
        try:
            child = self._measurements[self._current].start()
        except MeasurementFailed as error:
            self._give_up(str(error))
        else:
            self._poller.watch(child.fileno(), self._on_message)

    def _on_message(self) -> None:
        assert self._current is not None
        measurement = self._measurements[self._current]
        child = measurement.child
        descriptor = child.fileno() if child else -1
        try:
            is_process_over = measurement.receive()
        except MachineBusy:
            self._poller.unwatch(descriptor)
            self.stop()
            return
        except MeasurementFailed as error:
            self._poller.unwatch(descriptor)
            self._give_up(str(error))
            return
        if not is_process_over:
            return
        self._poller.unwatch(descriptor)
        if measurement.speeds is None:
            self._start()
            return
        try:
            self._tunings.keep(measurement.subject, measurement.speeds)
        except OSError as error:
            self._give_up(str(error))
        else:
            self._settle(Tuning(tuple(measurement.speeds)))

    def _end_process(self, measurement: Measurement) -> None:
        if measurement.child is not None:
            self._poller.unwatch(measurement.child.fileno())
        measurement.stop()

    def _settle(self, tuning: Tuning) -> None:
        assert self._current is not None
        best = tuning.best
        logger.info(
            "Worker-{} model={} status=measured replicas={} items={} short={:.1f}x long={:.1f}x{}",
            self._worker_id,
            self._current,
            best.layout.replicas,
            best.layout.items,
            best.short,
            best.long,
            "" if best is tuning.speeds[0] else " (from the next start on)",
        )
        self._settled.add(self._current)
        self._measurements.pop(self._current, None)
        self._current = None
        self.stop()

    def _give_up(self, why: str) -> None:
        """Leave a model as it is until the next start."""
        logger.warning("Worker-{} model={} is not measured: {}", self._worker_id, self._current, why)
        if self._current is not None:
            self._settled.add(self._current)
        self.stop()
