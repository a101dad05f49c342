"""The names in Redis that more than one place knows, ours and RQ's. Scripts have them too, see `in_lua`."""

from __future__ import annotations

from enum import StrEnum

# What all kinds of tasks share.
EPOCH_KEY = "voxq:epoch"
"""The storage that Redis works for; missing: Redis is new, or has lost everything."""
SERVER_KEY = "voxq:server"
"""Which start of Redis was last put right."""
JANITOR_KEY = "voxq:janitor"
"""The lock of the one worker that recovers for all."""
WORKERS_KEY = "voxq:workers"
"""A hash: worker -> its facts as JSON."""
COUNTERS_KEY = "voxq:counters"
"""A hash: what all processes have counted, see `voxq.metrics.sums`."""
WEBHOOK_STATS_KEY = "webhook:stats"
"""A hash: how tries of webhooks went -> how many."""
WAKE_CHANNEL = "voxq:wake"
"""Tells idle workers that something waits."""
EVENTS_CHANNEL = "voxq:events"
"""Tells whoever follows tasks, see `voxq.queue.documents.event`."""

# RQ's. Those with a colon at the end are continued by a job's id or a queue's name.
RQ_QUEUES = "rq:queues"
RQ_JOB = "rq:job:"
RQ_RESULTS = "rq:results:"
RQ_QUEUE = "rq:queue:"
RQ_STARTED = "rq:wip:"
RQ_FINISHED = "rq:finished:"
RQ_FAILED = "rq:failed:"
RQ_SCHEDULED = "rq:scheduled:"


class KindName(StrEnum):
    """What each kind of task has for itself: `KindName.WAITING.of("asr")` is "asr:waiting"."""

    WAITING = "waiting"
    """A hash: id -> lane, seconds, mark and owner of the tasks that wait in a lane."""
    OWNERS = "owners"
    """A hash: owner -> audio seconds of its tasks that wait."""
    METERS = "meters"
    """A hash: in:<lane>, out:<lane> -> audio seconds that ever entered and left it."""
    AUDIO = "audio"
    """A hash: short id -> stored file."""
    ROOMS = "rooms"
    """A hash: worker -> held, free, models and gone: which tasks it takes on, and how many."""
    LEASES = "leases"
    """A sorted set: open tasks with clients that wait for them, by when that counts as over."""
    HISTORY = "history:latest"
    """A list: the latest ends, newest first."""
    STATS = "stats"
    """A hash: name of a sum -> amount."""
    SAMPLES = "stats:samples"
    """A list: the latest ends in numbers, newest first."""

    def of(self, kind: str) -> str:
        return f"{kind}:{self}"


class KindPrefix(StrEnum):
    """What each kind has one of per task, day, ...: `KindPrefix.TASK.of("asr", id)` is "asr:task:<id>"."""

    TASK = "task"
    """The document of a task, as JSON."""
    DAY = "day"
    """The number of the day's last task."""
    IDEMPOTENCY = "idempotency"
    """The id of the task that an Idempotency-Key means."""

    def of(self, kind: str, rest: str) -> str:
        return f"{kind}:{self}:{rest}"


def in_lua() -> str:
    """Each name as a local variable of the same name. Those of a kind need `context.kind` to be there."""
    lines = [f"local {name} = '{value}'" for name, value in globals().items() if name.isupper()]
    lines += [f"local {name.name} = context.kind .. ':{name}'" for name in KindName]
    lines += [f"local {name.name} = context.kind .. ':{name}:'" for name in KindPrefix]
    return "\n".join(lines) + "\n"
