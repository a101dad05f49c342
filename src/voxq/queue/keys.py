"""Redis key and channel names that are used in several places, VoxQ's and RQ's. Lua gets them by `in_lua`."""

from __future__ import annotations

from enum import StrEnum

# Shared by all kinds of tasks.
EPOCH_KEY = "voxq:epoch"
"""Id of the storage that Redis works for; missing if Redis is new or has lost its data."""
SERVER_KEY = "voxq:server"
"""`run_id` of the Redis server that recovery last brought up to date."""
JANITOR_KEY = "voxq:janitor"
"""Lock of the one worker that runs recovery for all."""
WORKERS_KEY = "voxq:workers"
"""Hash: worker -> its facts as JSON."""
COUNTERS_KEY = "voxq:counters"
"""Hash: sums of the counters of all processes, see `voxq.metrics.counters`."""
WEBHOOK_STATS_KEY = "webhook:stats"
"""Hash: result of a webhook attempt -> number of attempts."""
WAKE_CHANNEL = "voxq:wake"
"""Channel that tells idle workers that a task waits."""
EVENTS_CHANNEL = "voxq:events"
"""Channel for task events, see `voxq.queue.documents.event`."""

# RQ's names. After a final colon follows the id of a job or the name of a queue.
RQ_QUEUES = "rq:queues"
RQ_JOB = "rq:job:"
RQ_RESULTS = "rq:results:"
RQ_QUEUE = "rq:queue:"
RQ_STARTED = "rq:wip:"
RQ_FINISHED = "rq:finished:"
RQ_FAILED = "rq:failed:"
RQ_SCHEDULED = "rq:scheduled:"
RQ_PUBSUB = "rq:pubsub:"
"""Channel of a worker, on which it takes commands as long as it lives; after the colon follows its name."""


class KindName(StrEnum):
    """Keys that each kind of task has once: `KindName.WAITING.of("asr")` is "asr:waiting"."""

    WAITING = "waiting"
    """Hash: id -> lane, seconds, mark and owner, for each task that waits in a lane."""
    OWNERS = "owners"
    """Hash: owner -> audio seconds of its waiting tasks."""
    METERS = "meters"
    """Hash: in:<lane>, out:<lane> -> total audio seconds that have entered and left the lane."""
    AUDIO = "audio"
    """Hash: short id -> stored file."""
    ROOMS = "rooms"
    """Hash: worker -> its capacity as JSON: held, free, models, broken and gone (when the entry expires)."""
    LEASES = "leases"
    """Sorted set: open tasks that clients wait for, scored by the end of their lease (seconds)."""
    HISTORY = "history:latest"
    """List: history records of the latest ends, newest first."""
    STATS = "stats"
    """Hash: counter -> sum."""
    SAMPLES = "stats:samples"
    """List: measurements of the latest finished tasks, newest first."""

    def of(self, kind: str) -> str:
        return f"{kind}:{self}"


class KindPrefix(StrEnum):
    """Keys that each kind has per task, day, ...: `KindPrefix.TASK.of("asr", id)` is "asr:task:<id>"."""

    TASK = "task"
    """Document of a task, as JSON."""
    DAY = "day"
    """Number of the last task of a day."""
    IDEMPOTENCY = "idempotency"
    """Id of the task that was submitted with an Idempotency-Key."""

    def of(self, kind: str, rest: str) -> str:
        return f"{kind}:{self}:{rest}"


def in_lua() -> str:
    """Lua source that declares each name as a local variable; names of a kind need `context.kind`."""
    lines = [f"local {name} = '{value}'" for name, value in globals().items() if name.isupper()]
    lines += [f"local {name.name} = context.kind .. ':{name}'" for name in KindName]
    lines += [f"local {name.name} = context.kind .. ':{name}:'" for name in KindPrefix]
    return "\n".join(lines) + "\n"
