"""What is deleted, and when. Only what has ended is ever deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voxq import kinds
from voxq.core.task import Status
from voxq.storage.blobs.port import StoredBlob


@dataclass(frozen=True, slots=True)
class EndedRecord:
    """An entry of `ended/`, as far as retention cares; `ended_at` in seconds since the epoch."""

    task_id: str
    run: int
    kind: str
    status: Status
    ended_at: float
    file: str


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_recordings` counts recordings of ended tasks that did not fail, and speech whose result has
    expired; the rest in seconds.

    `orphan_age` is far longer than a recording waits between being stored and being accepted."""

    max_recordings: int
    result_ttl: float
    failed_ttl: float
    orphan_age: float = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go."""

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

    - A recording of an open task stays, whatever the limits say.
    - A failed task's recording stays for `failed_ttl`, so that retry works, and does not count.
    - A file that a task made is its result, stays for `result_ttl` like any, and does not count until then.
    - Of the others the newest `max_recordings` stay. One without a record has ended long ago, or was never
      accepted; it is spared while it is younger than `orphan_age`, because it may be about to be accepted.
    - A record goes after its time, or when a later run of its task has ended.
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
        elif record is not None and _is_result(record) and now - record.ended_at <= limits.result_ttl:
            continue
        elif record is not None or now - blob.modified > limits.orphan_age:
            finished.append(blob)

    def newest_first(blob: StoredBlob) -> tuple[float, str]:
        record = by_task.get(blob.task_id)
        return (record.ended_at if record else blob.modified, blob.name)

    finished.sort(key=newest_first, reverse=True)
    gone += [blob.name for blob in finished[limits.max_recordings :]]
    return Plan(blobs=gone, records=expired)


def _is_result(record: EndedRecord) -> bool:
    """Whether the file of the task is what it made."""
    return kinds.find(record.kind).makes_file


def _ttl(status: Status, limits: Limits) -> float:
    return limits.failed_ttl if status is Status.FAILED else limits.result_ttl
