"""Chunks into batches, and batches to the horses.

On each device one batch is in an engine at a time, whatever models are loaded: two at once would take twice
as long, and what was predicted of them would be wrong. A voice on the CPU and a recogniser on a GPU hold up
each other in nothing; where the CPU is all there is, they have its cores in turn.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import count

from voxq.worker.engine.accidents import Accidents
from voxq.worker.engine.accounts import Accounts
from voxq.worker.engine.anticipation import Anticipation
from voxq.worker.engine.waiting import coming, waiting
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.batch import Batch, Member
from voxq.worker.models.horse_link import HorseFailed
from voxq.worker.models.stable import Stable
from voxq.worker.scheduler import WaitingChunk, choose


class Feeding:
    """Of one stable. Times are on the monotonic clock."""

    def __init__(
        self, assignments: Assignments, stable: Stable, accounts: Accounts, accidents: Accidents
    ) -> None:
        self._assignments = assignments
        self._stable = stable
        self._accounts = accounts
        self._accidents = accidents
        self._anticipations: defaultdict[str, Anticipation] = defaultdict(Anticipation)
        self._numbers = count(1)

    def feed(self) -> None:
        """Load what is needed next, and give batches to each device while there is room for one."""
        self._stable.part()
        for device in dict.fromkeys(self._stable.of(each.model).device for each in self._assignments):
            self._feed(device)

    @property
    def next_event(self) -> float:
        """When `feed` will have something to do that no message announces."""
        now = time.monotonic()
        feeding = map(self._feeds_from, self._stable.devices)
        return min((at for at in feeding if at > now), default=float("inf"))

    def _feed(self, device: str) -> None:
        anticipation = self._anticipations[device]
        while True:
            self._stable.part()
            now = time.monotonic()
            has_room = now >= self._has_room_from(device)
            if not has_room and all(self._stable.of(each.model).is_available for each in self._assignments):
                return
            chosen = self._choose(device)
            if not (has_room and chosen):
                return
            held_until = anticipation.hold_until(
                now, chosen[0].lane, coming(self._assignments, self._stable, device)
            )
            if held_until > now or not self._give(chosen):
                return
            anticipation.went()

    def _choose(self, device: str) -> list[WaitingChunk]:
        """The next batch of a loaded model there. If another model's would come before, that is being
        brought."""
        everything = list(waiting(self._assignments, self._stable, self._accounts, time.monotonic()))
        terms = {stall.name: stall.terms for stall in self._stable}
        working = {chunk.model for chunk in everything}
        working |= {stall.name for stall in self._stable if not stall.horse.is_idle}
        candidates = [chunk for chunk in everything if self._stable[chunk.model].device == device]
        is_somebody_coming = False
        while chosen := choose(candidates, terms):
            stall = self._stable[chosen[0].model]
            if stall.is_available:
                break
            if not is_somebody_coming:
                is_somebody_coming = self._stable.bring(stall, self._assignments.models, working)
            candidates = [chunk for chunk in candidates if chunk.model != stall.name]
        return chosen

    def _give(self, chosen: Sequence[WaitingChunk]) -> bool:
        """False if the engine must become free first."""
        stall = self._stable[chosen[0].model]
        busy = self._stable.busy_on(stall.device)
        is_suspect, ahead = chosen[0].is_suspect, busy.horse.next_batch if busy else None
        if ahead is not None and (busy is not stall or is_suspect or ahead.is_suspect):
            return False  # a suspect has the horse to itself, and a horse the device
        members = tuple(Member(self._assignments[chunk.task_id], chunk.index) for chunk in chosen)
        batch = Batch(str(next(self._numbers)), members, stall.terms.predict(chosen), is_suspect)
        for assignment in batch.assignments:
            assignment.begin([member.index for member in members if member.assignment is assignment])
        try:
            stall.horse.give(batch)
        except HorseFailed as failure:
            self._accidents.on_horse_failed(stall, failure)
        return True

    def _has_room_from(self, device: str) -> float:
        busy = self._stable.busy_on(device)
        return busy.horse.has_room_from if busy else 0.0

    def _feeds_from(self, device: str) -> float:
        return max(self._has_room_from(device), self._anticipations[device].held_until)
