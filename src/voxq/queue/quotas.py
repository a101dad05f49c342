"""Limits on requests: rate per owner, and audio that waits, of all tasks and of each owner."""

from __future__ import annotations

import math

from voxq.core.refusal import Refusal
from voxq.core.task import Task
from voxq.locale import Message
from voxq.queue.enqueueing import Enqueued, EntryCheck
from voxq.queue.store import Store
from voxq.settings.keys import Allowance


def refuse_entry(entry: EntryCheck, store: Store, owner: str, *, may_find: bool = False) -> None:
    """Check the limits before a request's body is read.

    Raises Refusal ("rate_limited", "queue_full", "quota_exceeded"). Only the rate applies to a repeated
    request, which adds nothing to the queue: one with a known Idempotency-Key, or one whose body may match an
    earlier task (`may_find`).
    """
    allowance = store.allowance_of(owner)
    if entry.early_seconds:
        raise _rate_limited(entry.early_seconds, allowance)
    if entry.known_id is not None or may_find:
        return
    limit = store.max_queue_seconds
    if limit and entry.waiting_seconds >= limit:
        raise _queue_full(entry.waiting_seconds, limit)
    quota = allowance.queue_seconds
    if quota and entry.owner_seconds >= quota:
        raise _quota_exceeded(entry.owner_seconds, 0, quota)


def check_task(task: Task, allowance: Allowance) -> None:
    """Raise Refusal ("too_long") if the task alone exceeds its owner's quota."""
    quota = allowance.queue_seconds
    if quota and task.queue_seconds > quota:
        message = Message(
            "This key may have {quota} seconds of audio waiting, and this task has {seconds:.0f}",
            quota=quota,
            seconds=task.seconds,
        )
        raise Refusal("too_long", message, quota_seconds=quota)


def check_enqueued(enqueued: Enqueued, store: Store, task: Task) -> None:
    """Check the result of write step S3, which counts exactly.

    Raises Refusal ("queue_full", "quota_exceeded").
    """
    if enqueued.answer == "full":
        raise _queue_full(enqueued.waiting_seconds, store.max_queue_seconds)
    if enqueued.answer == "quota":
        quota = store.allowance_of(task.owner).queue_seconds
        raise _quota_exceeded(enqueued.waiting_seconds, task.queue_seconds, quota)


def _rate_limited(early: float, allowance: Allowance) -> Refusal:
    seconds = math.ceil(early)
    message = Message(
        "{requests_per_minute} requests a minute are allowed, try again in {seconds} s",
        requests_per_minute=allowance.requests_per_minute,
        seconds=seconds,
    )
    return Refusal("rate_limited", message, retry_after=seconds)


def _queue_full(waiting: float, limit: float) -> Refusal:
    message = Message(
        "{waiting:.0f} seconds of audio already wait (limit {limit:.0f}), please try again later",
        waiting=waiting,
        limit=limit,
    )
    return Refusal("queue_full", message, queued_seconds=round(waiting))


def _quota_exceeded(waiting: float, more: float, quota: float) -> Refusal:
    if more:
        message = Message(
            "{waiting:.0f} seconds of this key's audio already wait (limit {quota:.0f}), and this has "
            "{more:.0f}; please try again later",
            waiting=waiting,
            quota=quota,
            more=more,
        )
    else:
        message = Message(
            "{waiting:.0f} seconds of this key's audio already wait (limit {quota:.0f}); please try again "
            "later",
            waiting=waiting,
            quota=quota,
        )
    return Refusal("quota_exceeded", message, queued_seconds=round(waiting + more), quota_seconds=quota)
