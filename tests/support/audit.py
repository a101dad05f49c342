"""Audit of a service after all of its tasks have ended, whatever died meanwhile.

Every task whose id a client got has ended exactly once, in the journal, in the history and in the JSONL log;
its result is available; and no traces of work are left, neither on the disk nor in Redis.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from stack import RunningStack
from worker_lab import wait_for

from voxq import kinds
from voxq.core.outcome import Outcome
from voxq.core.task import Status

Run = tuple[str, int]
"""Task id and run."""

_WORK = (
    "rq:queue:*",
    "rq:wip:*",
    "rq:execution*",
    *(f"{kind}:{what}" for kind in kinds.registered() for what in ("claim:*", "waiting", "owners", "leases")),
)
"""Key patterns of waiting and running work, of tasks and of webhooks."""
_FOR_EVER = re.compile(
    rf"({'|'.join(kinds.registered())}):(audio|history:latest|meters|rooms|stats(:samples)?)"
    r"|rq:(queues|workers(:.+)?|(finished|failed|scheduled|deferred|canceled):.+)"
    r"|webhook:stats|voxq:(workers|counters|epoch|server)"
)
"""Keys whose number does not grow with the tasks. All others must have an expiry."""
_AGE = 7 * 86400.0
"""Seconds by which leftovers are aged, so that the audit need not wait for retention."""


def audit(
    stack: RunningStack,
    answered: Collection[str],
    *,
    forgotten: Collection[str] = (),
    after_kill: bool = True,
) -> dict[Run, Outcome]:
    """Audit the stack; returns the end of every run. Raises AssertionError if anything is wrong.

    `forgotten`: ids that their owner may have deleted after the end. `after_kill`: leftovers of a killed
    process (interrupted uploads, recordings that were not accepted) are allowed if retention removes them
    once they are old.
    """
    ends = _journal(stack, answered, forgotten)
    _logs(stack, ends, forgotten)
    _history(stack)
    _results(stack, set(answered) - set(forgotten), ends)
    if after_kill:
        _grow_old(stack)
        stack.parts.cleanup(stack.client).run()
    _files(stack, ends)
    _redis(stack)
    return ends


def lost(stack: RunningStack, answered: Collection[str], forgotten: Collection[str] = ()) -> set[str]:
    """Tasks whose id a client got and that have not ended."""
    return set(answered) - set(forgotten) - {task_id for task_id, _ in stack.parts.journal.ended_runs()}


def doubled(stack: RunningStack) -> set[Run]:
    """Runs with more than one line in the log."""
    counts = Counter(_run(record) for record in logged(stack))
    return {run for run, count in counts.items() if count > 1}


def _journal(
    stack: RunningStack, answered: Collection[str], forgotten: Collection[str]
) -> dict[Run, Outcome]:
    journal = stack.parts.journal
    # An end is announced before its task is closed, so some may still be open.
    wait_for(lambda: not journal.open_ids(), f"the close of every task: {journal.open_ids()}", 30)
    assert not journal.unreadable_ids()
    assert len(set(answered)) == len(answered), "two answers with one id"
    assert not lost(stack, answered, forgotten)
    runs = list(journal.ended_runs())
    ends = {(task_id, run): end.outcome for task_id, run in runs if (end := journal.ended(task_id, run))}
    assert ends.keys() == set(runs)
    return ends


def _logs(stack: RunningStack, ends: dict[Run, Outcome], forgotten: Collection[str]) -> None:
    """Assert one complete line for each end, and no others except those of deleted tasks."""
    assert not doubled(stack)
    found = set(map(_run, logged(stack)))
    # Retention keeps only the last end of a retried task; the log has them all.
    expected = {(task_id, each) for task_id, run in ends for each in range(1, run + 1)}
    unlike = {run for run in found ^ expected if run in expected or run[0] not in forgotten}
    assert not unlike, f"not in both, the log and the journal: {unlike}"


def logged(stack: RunningStack) -> list[dict[str, Any]]:
    """All records of the logs. Raises ValueError for an incomplete line."""
    records: list[dict[str, Any]] = []
    for kind in kinds.registered():
        path = stack.settings.logs_dir / f"{kind}_history.jsonl"
        text = path.read_bytes() if path.exists() else b""
        assert not text or text.endswith(b"\n"), "half a line at the end of a log"
        records += map(json.loads, text.splitlines())
    return records


def _history(stack: RunningStack) -> None:
    kept = [each for each in logged(stack) if not each.get("erased")]
    expected = {_run(each) for each in kept if each["status"] != "cancelled"}
    shown: Counter[Run] = Counter()
    for store in stack.parts.stores.values():
        records = list(map(json.loads, stack.client.lrange(store.history_key, 0, -1)))
        assert len(records) <= store.history_size
        shown.update(map(_run, records))
    twice = [run for run, count in shown.items() if count > 1]
    assert not twice, f"shown twice: {twice}"
    assert shown.keys() <= expected
    if len(expected) <= stack.settings.max_history_records:
        assert shown.keys() == expected, f"not shown: {expected - shown.keys()}"


def _run(record: dict[str, Any]) -> Run:
    return record["task_id"], record["run"]


def _results(stack: RunningStack, answered: Collection[str], ends: dict[Run, Outcome]) -> None:
    """Assert that the API shows each task's last end and serves its sound."""
    latest = {task_id: max(run for each, run in ends if each == task_id) for task_id in answered}
    for task_id, run in latest.items():
        outcome, result = ends[task_id, run], stack.result(task_id)
        assert result["status"] == outcome.status, (task_id, result)
        if outcome.status is Status.DONE:
            assert result["text"] == outcome.text, task_id
            audio = stack.http.get(result["audio_url"])
            assert (audio.status_code, len(audio.content) > 0) == (200, True), task_id
        if outcome.status is Status.FAILED:
            assert result["code"] and result["error"], task_id


def _grow_old(stack: RunningStack) -> None:
    known = {task_id for task_id, _ in stack.parts.journal.ended_runs()}
    settings = stack.settings
    unfinished = [*settings.incoming_dir.iterdir(), *settings.journal_dir.glob("*/.*")]
    unowned = [path for path in settings.recordings_dir.iterdir() if path.name.partition(".")[0] not in known]
    for path in (*unfinished, *unowned):
        os.utime(path, (time.time() - _AGE, time.time() - _AGE))


def _files(stack: RunningStack, ends: dict[Run, Outcome]) -> None:
    settings = stack.settings
    wait_for(lambda: not _names(settings.work_dir), "the end of the work directories", 60)
    assert not _names(settings.incoming_dir)
    expected = {f"{task_id}.{run}.json" for task_id, run in ends}
    assert _names(settings.journal_dir / "ended") == expected
    assert not _names(settings.journal_dir / "open")
    assert {f"{mark}.json" for mark in _names(settings.journal_dir / "told")} <= expected
    known = {task_id for task_id, _ in ends}
    unknown = {name for name in _names(settings.recordings_dir) if name.partition(".")[0] not in known}
    spare = settings.max_recordings  # retention keeps the latest of all owners
    assert len(unknown) == 0 or len(known) < spare, f"recordings of no task: {unknown}"


def _redis(stack: RunningStack) -> None:
    client = stack.client

    def work() -> list[str]:
        return [key for pattern in _WORK for key in client.scan_iter(pattern)]

    # An interrupted webhook delivery is retried only when its lease has expired.
    wait_for(lambda: not work(), f"the end of all work: {work()}", 60)
    for store in stack.parts.stores.values():
        meters = {name: float(value) for name, value in client.hgetall(f"{store.kind}:meters").items()}
        for queue in store.queues.values():
            left = meters.get(f"in:{queue}", 0.0) - meters.get(f"out:{queue}", 0.0)
            assert abs(left) < 0.01, f"{left} s are said to wait in {queue}"
    lasting = [key for key in client.scan_iter() if client.ttl(key) == -1 and not _FOR_EVER.fullmatch(key)]
    assert not lasting, f"keys that never go: {lasting}"


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} if directory.exists() else set()
