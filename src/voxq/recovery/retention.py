"""Retention rules: which recordings and records of ended tasks are deleted, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voxq.core.task import Status
from voxq.storage.blobs.port import StoredBlob


@dataclass(frozen=True, slots=True)
class EndedRecord:
    """Fields of a record in `ended/` that retention uses; `ended_at` in seconds since the epoch."""

    task_id: str
    run: int
    status: Status
    ended_at: float
    results: frozenset[str] = frozenset()
    """Stored names of the files that it made."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of retention, in seconds except for `max_recordings`.

    `max_recordings` counts recordings of ended tasks that did not fail, and speech whose result has expired.
    `orphan_age` is far longer than the time between storing a recording and accepting its task.
    """

    max_recordings: int
    result_ttl: float
    failed_ttl: float
    orphan_age: float = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Recordings (by name) and records to delete."""

    blobs: list[str] = field(default_factory=list)
    records: list[EndedRecord] = field(default_factory=list)


def plan(
    now: float,
    blobs: Iterable[StoredBlob],
    open_ids: Iterable[str],
    ended: Iterable[EndedRecord],
    limits: Limits,
) -> Plan:
    """Choose what to delete. Pure.

    - A file of an open task is kept, whatever the limits.
    - The files of a failed task are kept for `failed_ttl`, so that retry works, and do not count.
    - A file that a task made is its result: it is kept for `result_ttl` and does not count until then.
    - Of all others the newest `max_recordings` are kept. A file without a record belongs to a task that ended
      long ago or was never accepted; it is kept while younger than `orphan_age`, since its task may be about
      to be accepted.
    - A record is deleted after its time, or once a later run of its task has ended.
    """
    is_open = set(open_ids)
    ended = list(ended)
    by_task: dict[str, EndedRecord] = {}
    for record in ended:
        known = by_task.get(record.task_id)
        if known is None or record.run > known.run:
            by_task[record.task_id] = record
    expired = [
        record
        for record in ended
        if record.task_id not in is_open
        and (record is not by_task[record.task_id] or now - record.ended_at > _ttl(record.status, limits))
    ]

    gone: list[str] = []
    finished: list[StoredBlob] = []
    for blob in blobs:
        record = by_task.get(blob.task_id)
        if blob.task_id in is_open:
            continue
        if record is not None and record.status is Status.FAILED:
            if now - record.ended_at > limits.failed_ttl:
                gone.append(blob.name)
        elif record and blob.name in record.results and now - record.ended_at <= limits.result_ttl:
            continue
        elif record is not None or now - blob.modified > limits.orphan_age:
            finished.append(blob)

    def newest_first(blob: StoredBlob) -> tuple[float, str]:
        record = by_task.get(blob.task_id)
        return (record.ended_at if record else blob.modified, blob.name)

    finished.sort(key=newest_first, reverse=True)
    gone += [blob.name for blob in finished[limits.max_recordings :]]
    return Plan(blobs=gone, records=expired)


def _ttl(status: Status, limits: Limits) -> float:
    return limits.failed_ttl if status is Status.FAILED else limits.result_ttl
