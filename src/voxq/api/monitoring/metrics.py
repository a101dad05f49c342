"""Metrics for Prometheus: counters from Redis, and the current state. Pure.

No metric concerns only the API process that answers, because several may share one port.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

import voxq
from voxq.api.monitoring import devices
from voxq.api.monitoring.seen import KindSeen, Seen
from voxq.api.monitoring.workers import WorkerFacts
from voxq.core.task import Lane, Status
from voxq.metrics import catalogue
from voxq.metrics.counters import Totals, cumulative
from voxq.queue import statistics

_MB = 1 << 20
_WAIT_EDGES = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_RTF_EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_WORKER_STATES = ("loading", "ready", "failed", "stopping")


def as_text(seen: Seen | None) -> bytes:
    """Format the metrics in Prometheus' text format 0.0.4; with None, only that Redis does not answer."""
    return generate_latest(_Families(seen))


@dataclass(frozen=True, slots=True)
class _Families(Collector):
    seen: Seen | None

    def collect(self) -> Iterator[Metric]:
        return _all(self.seen)


def _all(seen: Seen | None) -> Iterator[Metric]:
    yield InfoMetricFamily("voxq_build", "Version of VoxQ.", {"version": voxq.__version__})
    yield GaugeMetricFamily("voxq_redis_up", "Whether Redis answers.", float(seen is not None))
    if seen is None:
        return
    yield from _queue(seen.kinds)
    yield from _ends(seen.kinds)
    yield from _workers(seen.overview.workers)
    yield from _memory(seen.overview.workers)
    yield from _counted(seen.totals)
    yield _counter("voxq_webhook_tries", "Attempts to notify a webhook.", ["result"], seen.deliveries)


def _queue(kinds: Iterable[KindSeen]) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("voxq_queue_tasks", "Waiting tasks.", labels=["kind", "lane"])
    oldest = GaugeMetricFamily(
        "voxq_queue_oldest_seconds",
        "Seconds that the first task of a lane has waited.",
        labels=["kind", "lane"],
    )
    audio = GaugeMetricFamily("voxq_queue_audio_seconds", "Seconds of waiting audio.", labels=["kind"])
    in_work = GaugeMetricFamily("voxq_tasks_in_work", "Tasks in progress.", labels=["kind"])
    for seen in kinds:
        for lane in Lane:
            waiting.add_metric([seen.kind, lane], seen.counts.by_lane[lane])
            oldest.add_metric([seen.kind, lane], seen.oldest[lane])
        audio.add_metric([seen.kind], seen.counts.queued_seconds)
        in_work.add_metric([seen.kind], seen.counts.processing)
    yield from (waiting, oldest, audio, in_work)


def _ends(kinds: Iterable[KindSeen]) -> Iterator[Metric]:
    ended = CounterMetricFamily("voxq_tasks", "Ended tasks.", labels=["kind", "status"])
    failures = CounterMetricFamily(
        "voxq_task_failures", "Failed tasks by error code.", labels=["kind", "code"]
    )
    incidents = CounterMetricFamily(
        "voxq_task_incidents", "Faults during ended tasks, survived or not.", labels=["kind"]
    )
    audio = CounterMetricFamily("voxq_audio_seconds", "Seconds of audio of finished tasks.", labels=["kind"])
    engine = CounterMetricFamily(
        "voxq_task_engine_seconds", "Engine seconds for finished tasks.", labels=["kind"]
    )
    waits = HistogramMetricFamily(
        "voxq_task_wait_seconds",
        "Time from acceptance until a worker took the task, for finished tasks.",
        labels=["kind"],
    )
    rtf = HistogramMetricFamily(
        "voxq_task_real_time_factor",
        "Engine seconds per second of audio, for finished tasks.",
        labels=["kind"],
    )
    for seen in kinds:
        amounts = seen.statistics

        def amount(name: str, amounts: Mapping[str, str] = amounts) -> float:
            return float(amounts.get(name, 0))

        for status in filter(lambda each: each.is_terminal, Status):
            ended.add_metric([seen.kind, status], amount(status))
        for code, count in _after("code:", amounts).items():
            failures.add_metric([seen.kind, code], float(count))
        incidents.add_metric([seen.kind], amount("incidents"))
        audio.add_metric([seen.kind], amount("audio_seconds"))
        engine.add_metric([seen.kind], amount("engine_seconds"))
        sizes = cumulative(_WAIT_EDGES, statistics.distribution(amounts, "wait"))
        waits.add_metric([seen.kind], sizes, amount("wait_seconds"))
        sizes = cumulative(_RTF_EDGES, statistics.distribution(amounts, "rtf"))
        rtf.add_metric([seen.kind], sizes, amount("rtf_sum"))
    yield from (ended, failures, incidents, audio, engine, waits, rtf)


def _workers(workers: Sequence[WorkerFacts]) -> Iterator[Metric]:
    by_state = Counter(worker.state for worker in workers)
    states = GaugeMetricFamily("voxq_workers", "Living workers.", labels=["state"])
    for state in _WORKER_STATES:
        states.add_metric([state], by_state[state])
    yield states
    held = GaugeMetricFamily(
        "voxq_worker_tasks", "Tasks in progress on a worker.", labels=["host", "device", "worker"]
    )
    for worker in workers:
        held.add_metric([worker.host, worker.device, str(worker.id)], worker.held)
    yield held


def _memory(workers: Sequence[WorkerFacts]) -> Iterator[Metric]:
    place = ["host", "device"]
    total = GaugeMetricFamily("voxq_device_memory_bytes", "Memory of a device.", labels=place)
    used = GaugeMetricFamily(
        "voxq_device_memory_used_bytes", "Used memory of a device, by any process.", labels=place
    )
    for device in devices.views_of(workers):
        if device.total_mb is not None and device.used_mb is not None:
            total.add_metric([device.host, device.device], device.total_mb * _MB)
            used.add_metric([device.host, device.device], device.used_mb * _MB)
    labels = [*place, "worker", "model"]
    models = GaugeMetricFamily("voxq_model_memory_bytes", "Memory of a loaded model.", labels=labels)
    ready = GaugeMetricFamily("voxq_model_ready", "1: loaded; 0: being loaded.", labels=labels)
    for worker in workers:
        for model in worker.resident:
            values = [worker.host, worker.device, str(worker.id), model.name]
            models.add_metric(values, (model.memory_mb or 0.0) * _MB)
            ready.add_metric(values, float(model.state == "ready"))
    yield from (total, used, models, ready)


def _counted(totals: Totals) -> Iterator[Metric]:
    for metric in catalogue.COUNTS:
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, count in totals.counts(metric).items():
            family.add_metric(labels, count)
        yield family
    for metric in catalogue.DISTRIBUTIONS:
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, (buckets, total) in totals.histograms(metric).items():
            family.add_metric(labels, buckets, total)
        yield family


def _counter(name: str, text: str, labels: Sequence[str], amounts: Mapping[str, str]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for label, count in sorted(amounts.items()):
        family.add_metric([label], float(count))
    return family


def _after(prefix: str, amounts: Mapping[str, str]) -> dict[str, str]:
    return {n.removeprefix(prefix): amount for n, amount in sorted(amounts.items()) if n.startswith(prefix)}
