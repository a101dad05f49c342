"""Fair sharing of a few resources: owners take turns, however many requests each has."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class OwnerTurns(Generic[T]):
    """Resources that are each lent to one borrower at a time. Belongs to one event loop.

    The one that was given back last comes first, so that no more are used than are needed at once.
    """

    def __init__(self, things: Iterable[T]) -> None:
        self._idle = list(things)
        self._waiting: dict[str, deque[asyncio.Future[T]]] = {}
        """Waiting requests by owner, in the order of turns; an owner without requests has no entry."""

    async def borrow(self, owner: str) -> T:
        """Wait for the owner's turn and return a resource. It, or a replacement, must be given back."""
        if self._idle:  # in this case nobody waits
            return self._idle.pop()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # granted and cancelled at the same moment
                self.give_back(turn.result())
            raise
        finally:
            self._leave(owner, turn)

    def give_back(self, thing: T) -> None:
        for owner, line in self._waiting.items():
            # A finished future was granted or cancelled, but its request has not left the queue yet.
            turn = next((turn for turn in line if not turn.done()), None)
            if turn is not None:
                turn.set_result(thing)
                self._waiting[owner] = self._waiting.pop(owner)  # behind the other owners
                return
        self._idle.append(thing)

    def take_idle(self) -> list[T]:
        """Take all idle resources; they, or replacements, must be given back."""
        idle = list(self._idle)
        self._idle.clear()
        return idle

    def _leave(self, owner: str, turn: asyncio.Future[T]) -> None:
        line = self._waiting[owner]
        line.remove(turn)
        if not line:
            del self._waiting[owner]
