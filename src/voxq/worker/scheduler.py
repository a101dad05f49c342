"""Choice of the chunks that go to the engine next: a pure function of the waiting chunks.

Every waiting chunk has a due time, and the earliest is served first:

    due = waiting_since + lane + remaining work of its task + recent use by its owner
          (+ ten times the loading of its model, if it is not loaded) (+ if suspect)

`waiting_since` is the later of when the chunk became ready and when its task was last served, so a long file
that makes progress does not collect seniority, and a voice note that comes in its middle is due before it.
The other terms are capped, which bounds the wait: a chunk is only ever overtaken, even to fill up a batch, by
chunks that began to wait less than `MAX_HEAD_START` seconds after it; until its model is loaded, also by
chunks of other models that can run meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxq.core.task import Lane
from voxq.engines.contract import Cost

LANE_DELAY = {Lane.HIGH: 0.0, Lane.SHORT: 5.0, Lane.LONG: 30.0}
MOST_REMAINING = 20.0
MOST_OWNER_USE = 10.0
MOST_LOADING = 30.0
LOADING_WEIGHT = 10.0
"""Factor on the time to load a model: for so long the chunks of other models go first, and the model itself
once it is loaded. At most about a tenth of the time is spent on loading, as long as the cap allows."""
SUSPECT_DELAY = 60.0
MAX_HEAD_START = max(LANE_DELAY.values()) + MOST_REMAINING + MOST_OWNER_USE + MOST_LOADING + SUSPECT_DELAY

_WINDOW = 256  # chunks, from the first in line, among which companions for a batch are sought


def worth_waiting(load_seconds: float) -> float:
    """Seconds for which loaded models go first, where loading another takes `load_seconds`."""
    return min(LOADING_WEIGHT * load_seconds, MOST_LOADING)


@dataclass(frozen=True, slots=True)
class WaitingChunk:
    """A chunk that could run now. Times in seconds on any one clock."""

    task_id: str
    index: int
    seconds: float
    """Length of the chunk."""
    model: str
    key: str
    """Only chunks of the same model and with the same key may share a batch."""
    lane: Lane
    waiting_since: float
    remaining: float
    """Predicted engine seconds until its task is done."""
    owner_use: float = 0.0
    """Engine seconds that its owner used recently."""
    loading: float = 0.0
    """Seconds that loading its model takes; 0 for one that is loaded."""
    is_suspect: bool = False
    """Whether it was in a batch that failed as a whole: it runs alone, after the others."""
    batch_seconds: float = float("inf")
    """Padded seconds that a batch with this chunk may have (the client's own limit)."""
    step: str = ""
    """Name of the step of its task that it belongs to."""
    count: int = 1
    """Number of pieces, from `index` on, that it consists of."""
    engine_seconds: float | None = None
    """Predicted engine seconds that a batch led by it may take; None: what the model's limits say."""

    @property
    def due(self) -> float:
        return (
            self.waiting_since
            + LANE_DELAY[self.lane]
            + min(self.remaining, MOST_REMAINING)
            + min(self.owner_use, MOST_OWNER_USE)
            + worth_waiting(self.loading)
            + (SUSPECT_DELAY if self.is_suspect else 0.0)
        )


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits of a batch: `seconds` of predicted engine time, `padded_seconds` of audio, `items` chunks."""

    seconds: float
    padded_seconds: float
    items: int
    padded_to: float | None = None
    """Seconds every chunk is padded to by the engine, or None: to the longest of its batch."""
    is_parallel: bool = False
    """Each chunk has a core of its own, and so is not padded: a batch counts as its longest."""
    at_once: int = 1
    """Chunks that take as long as one."""

    def padded(self, longest: float, items: int) -> float:
        """Padded seconds of a batch of `items` chunks whose longest lasts `longest` seconds."""
        if self.is_parallel:
            return longest
        return math.ceil(items / self.at_once) * max(longest, self.padded_to or 0.0)


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """Terms of one model's batches: their cost and their limits."""

    cost: Cost
    limits: BatchLimits

    def predict(self, chunks: Sequence[WaitingChunk]) -> float:
        """Engine seconds that a batch of these chunks (at least one) will take."""
        return self.cost.predict(self.limits.padded(max(chunk.seconds for chunk in chunks), len(chunks)))


def choose(waiting: Sequence[WaitingChunk], terms: Mapping[str, BatchTerms]) -> list[WaitingChunk]:
    """Choose the next batch, in the order of `due`; empty only if nothing waits. `terms` by model.

    A single chunk always fits: it cannot be made smaller. No larger batch exceeds a limit, but the limit of
    time does not apply to chunks that take no more of it.
    """
    line = sorted(waiting, key=_order)[:_WINDOW]
    if not line:
        return []
    lead, *others = line
    if lead.is_suspect:
        return [lead]
    newest = min(chunk.waiting_since for chunk in waiting) + MAX_HEAD_START
    companions = [
        other
        for other in others
        if (other.model, other.key) == (lead.model, lead.key)
        and not other.is_suspect
        and other.waiting_since < newest
    ]
    # Like lengths waste the least padding; the sort is stable, so among equals the earliest due comes first.
    companions.sort(key=lambda other: abs(other.seconds - lead.seconds))
    cost, limits = terms[lead.model].cost, terms[lead.model].limits
    most_seconds = limits.seconds if lead.engine_seconds is None else lead.engine_seconds
    batch, longest, cap = [lead], lead.seconds, min(limits.padded_seconds, lead.batch_seconds)
    padded = limits.padded(longest, 1)
    for companion in companions:
        if len(batch) >= limits.items:
            break
        new_longest, new_cap = max(longest, companion.seconds), min(cap, companion.batch_seconds)
        new_padded = limits.padded(new_longest, len(batch) + 1)
        is_free = new_padded <= padded
        if new_padded <= new_cap and (is_free or cost.predict(new_padded) <= most_seconds):
            batch.append(companion)
            longest, padded, cap = new_longest, new_padded, new_cap
    return sorted(batch, key=_order)


def _order(chunk: WaitingChunk) -> tuple[float, float, str, str, int]:
    return chunk.due, chunk.waiting_since, chunk.task_id, chunk.step, chunk.index
