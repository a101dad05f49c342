"""Kills of a stack's processes under load, one after another, and the time to recover from each."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from stack import Role, RunningStack
from worker_lab import wait_for

Victim = Role | Literal["everything"]


@dataclass(frozen=True, slots=True)
class Kill:
    """A killed process's role, and the time in seconds since the epoch."""

    victim: Victim
    at: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from a kill until work went on; None where there was nothing left to do.

    `next_end`: until the next task ended; `next_answer`: until the next client got an id; `all_ended`: until
    the `under_way` tasks that were open at the time had all ended.
    """

    victim: Victim
    under_way: int
    next_end: float | None
    next_answer: float | None
    all_ended: float | None


def kill_in_turn(
    stack: RunningStack,
    victims: Iterable[Victim],
    chance: random.Random,
    *,
    pause: tuple[float, float] = (0.2, 1.5),
) -> list[Kill]:
    """Kill a process of each of these roles at random moments; restart `up`, as systemd would.

    `pause`: minimum and maximum seconds before each kill.
    """
    kills: list[Kill] = []
    for victim in victims:
        time.sleep(chance.uniform(*pause))
        if victim == "everything":
            kills.append(Kill(victim, time.time()))
            stack.kill_everything()
            stack.start(ready=False)
            continue
        wait_for(lambda victim=victim: stack.kill(victim), f"a process to kill: {victim}", 40)
        kills.append(Kill(victim, time.time()))
        if victim == "up":
            stack.wait_gone()
            stack.start(ready=False)
    return kills


def recoveries(stack: RunningStack, kills: Sequence[Kill], answered_at: Sequence[float]) -> list[Recovery]:
    """Recovery times after each kill: `answered_at` from the clients, times of tasks from the journal."""
    journal = stack.parts.journal
    ends = [end for run in journal.ended_runs() if (end := journal.ended(*run))]
    spans = [(end.task.accepted_at, end.outcome.ended_at) for end in ends]
    return [_recovery(kill, spans, answered_at) for kill in kills]


def _recovery(kill: Kill, spans: Sequence[tuple[float, float]], answered_at: Sequence[float]) -> Recovery:
    under_way = [ended for accepted, ended in spans if accepted < kill.at < ended]
    after = [ended for _, ended in spans if ended > kill.at]
    answers = [at for at in answered_at if at > kill.at]
    return Recovery(
        victim=kill.victim,
        under_way=len(under_way),
        next_end=min(after) - kill.at if after else None,
        next_answer=min(answers) - kill.at if answers else None,
        all_ended=max(under_way) - kill.at if under_way else None,
    )
