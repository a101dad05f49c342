"""Names in Redis that all kinds of tasks share; those of one kind are made by `voxq.queue.store`."""

from __future__ import annotations

EPOCH_KEY = "voxq:epoch"
"""The storage that Redis works for; missing: Redis is new, or has lost everything."""
SERVER_KEY = "voxq:server"
"""Which start of Redis was last put right."""
JANITOR_KEY = "voxq:janitor"
"""The lock of the one worker that recovers for all."""
WORKERS_KEY = "voxq:workers"
"""A hash: worker -> its facts as JSON."""
WAKE_CHANNEL = "voxq:wake"
"""Tells idle workers that something waits."""
EVENTS_CHANNEL = "voxq:events"
"""Tells whoever follows tasks, see `voxq.queue.documents.event`."""
