"""Statistics of ended tasks for `/stats`: permanent counters, and samples of the latest tasks."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.storage.journal.port import Ended

_GROWTH = 1.1  # a histogram bucket is 10% wide, so a percentile read from it is at most 10% off
_SMALLEST = 1e-5
_NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?(e[+-]?\d{1,2})?")
_BUCKET = re.compile(r"-?\d{1,3}")


@dataclass(frozen=True, slots=True)
class Sample:
    """Measurements of a finished task: time of its end, wait (s), real-time factor and audio (s)."""

    at: float
    wait: float
    rtf: float
    audio: float

    @classmethod
    def of(cls, end: Ended) -> Self | None:
        """Sample of an ended task; None if it did not succeed or got the result of another task."""
        outcome = end.outcome
        if not _was_worked_on(outcome):
            return None
        return cls(outcome.ended_at, outcome.timings.queued, outcome.timings.rtf or 0.0, outcome.duration)

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, raw: str) -> Self | None:
        """Parse a sample; None for anything else, since other programs can write to the list."""
        try:
            sample = cls(**json.loads(raw))
        except (ValueError, TypeError, RecursionError):
            return None
        return sample if all(isinstance(value, int | float) for value in asdict(sample).values()) else None


def readable(counters: Mapping[str, str]) -> dict[str, str]:
    """Counters with numeric values; others were not written by VoxQ."""
    return {name: amount for name, amount in counters.items() if _NUMBER.fullmatch(amount)}


def counters_of(outcome: Outcome) -> dict[str, float]:
    """Amounts that an ended task adds to the counters."""
    counters: dict[str, float] = {outcome.status: 1, "incidents": len(outcome.incidents)}
    if _was_worked_on(outcome):
        counters |= {
            "audio_seconds": outcome.duration,
            "engine_seconds": outcome.timings.engine,
            "wait_seconds": outcome.timings.queued,
            "rtf_sum": outcome.timings.rtf or 0.0,
            f"wait:{_bucket(outcome.timings.queued)}": 1,
            f"rtf:{_bucket(outcome.timings.rtf or 0.0)}": 1,
        }
    elif outcome.code is not None:
        counters[f"code:{outcome.code}"] = 1
    return counters


def _was_worked_on(outcome: Outcome) -> bool:
    """Whether a worker produced the result, so that its timings measure this service."""
    return outcome.status is Status.DONE and outcome.worker_id != 0


def since_start(counters: Mapping[str, str]) -> dict[str, Any]:
    """Part of `/stats` that covers everything since Redis was empty."""
    done = int(float(counters.get("done", 0)))
    audio, engine = float(counters.get("audio_seconds", 0)), float(counters.get("engine_seconds", 0))
    return {
        "done": done,
        "failed": int(float(counters.get("failed", 0))),
        "cancelled": int(float(counters.get("cancelled", 0))),
        "audio_seconds": round(audio, 1),
        "queue_wait": {
            "mean": round(float(counters.get("wait_seconds", 0)) / done, 3) if done else None,
            "p95": _percentile_of_buckets(counters, "wait", 0.95),
        },
        "real_time_factor": {
            "mean": round(engine / audio, 4) if audio else None,
            "p95": _percentile_of_buckets(counters, "rtf", 0.95),
        },
        "failures_by_code": {
            name.removeprefix("code:"): int(float(count))
            for name, count in counters.items()
            if name.startswith("code:")
        },
    }


def last_hour(samples: Iterable[Sample | None], now: float) -> dict[str, Any]:
    """Part of `/stats` that covers the last 3600 seconds."""
    recent = [sample for sample in samples if sample is not None and now - sample.at <= 3600]
    return {
        "done": len(recent),
        "audio_seconds": round(sum(sample.audio for sample in recent), 1),
        "queue_wait": _mean_and_p95([sample.wait for sample in recent]),
        "real_time_factor": _mean_and_p95([sample.rtf for sample in recent]),
    }


def _mean_and_p95(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"mean": None, "p95": None}
    rank = math.ceil(0.95 * len(values)) - 1
    return {"mean": round(sum(values) / len(values), 4), "p95": round(sorted(values)[rank], 4)}


def _bucket(value: float) -> int:
    return math.ceil(math.log(max(value, _SMALLEST) / _SMALLEST, _GROWTH))


def distribution(counters: Mapping[str, str], name: str) -> dict[float, float]:
    """Histogram of finished tasks by "wait" (s) or "rtf": upper bound -> count, in increasing order.

    A bound is at most 10% above the values in its bucket.
    """
    prefix = f"{name}:"
    buckets = sorted(
        (int(each.removeprefix(prefix)), float(count))
        for each, count in counters.items()
        if each.startswith(prefix) and _BUCKET.fullmatch(each.removeprefix(prefix))
    )
    return {_SMALLEST * _GROWTH**bucket: count for bucket, count in buckets}


def _percentile_of_buckets(counters: Mapping[str, str], name: str, share: float) -> float | None:
    sizes = distribution(counters, name)
    wanted = share * sum(sizes.values())
    seen = 0.0
    for bound, count in sizes.items():
        seen += count
        if seen >= wanted:
            return round(bound, 4)
    return None
