"""What the metrics are made of: a snapshot of the data in Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxq.api.monitoring.workers import WorkerOverview
from voxq.core.task import Lane
from voxq.metrics.counters import Totals
from voxq.queue.enqueueing import Counts


@dataclass(frozen=True, slots=True)
class KindSeen:
    """State of one kind of task.

    `oldest`: seconds that the first task of each lane has waited, 0 for an empty lane; `statistics`: counters
    of ended tasks, see `voxq.queue.statistics`.
    """

    kind: str
    counts: Counts
    oldest: Mapping[Lane, float]
    statistics: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """Snapshot of the data in Redis."""

    kinds: Sequence[KindSeen]
    overview: WorkerOverview
    totals: Totals
    deliveries: Mapping[str, str]
    """Result -> number of attempts to notify a webhook."""
