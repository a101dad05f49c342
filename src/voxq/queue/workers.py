"""List of the workers that have reported to Redis, and which of them are still connected to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voxq.queue.keys import RQ_PUBSUB
from voxq.queue.script import NO_KIND, Command


@dataclass(frozen=True, slots=True)
class Reported:
    """A worker's name and its last report, as JSON.

    `is_connected`: whether it listens on its channel. It does so for as long as it lives, so that a killed
    worker is known at once, wherever it ran; one that hangs is known by the age of its report only. Always
    True for a report that names no channel, which another version may have sent.
    """

    name: str
    facts: str
    is_connected: bool


def channel_of(worker: str) -> str:
    """Return the channel on which the worker with this name takes commands."""
    return RQ_PUBSUB + worker


def reported() -> Command[list[Reported]]:
    """List all workers that Redis remembers, dead ones too."""

    def parse(answer: Any) -> list[Reported]:
        triples = zip(answer[::3], answer[1::3], answer[2::3], strict=True)
        return [Reported(name, facts, connected == 1) for name, facts, connected in triples]

    return Command("workers", NO_KIND, {}, parse)
