"""Who is next where owners want more than there is: they take turns, however much one of them wants."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class OwnerTurns(Generic[T]):
    """Lends things, each to one at a time. Belongs to one event loop."""

    def __init__(self, things: Iterable[T]) -> None:
        self._idle = deque(things)
        self._waiting: dict[str, deque[asyncio.Future[T]]] = {}
        """Whose turn is next comes first; nobody stands here with nothing to wait for."""

    async def borrow(self, owner: str) -> T:
        """One of them, when it is this owner's turn. Give it back, or another in its place."""
        if self._idle:  # then nobody waits
            return self._idle.popleft()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came at the same moment
                self.give_back(turn.result())
            raise
        finally:
            self._leave(owner, turn)

    def give_back(self, thing: T) -> None:
        for owner, line in self._waiting.items():
            # One that is over has been given something or was cancelled, and has not got round to leaving.
            turn = next((turn for turn in line if not turn.done()), None)
            if turn is not None:
                turn.set_result(thing)
                self._waiting[owner] = self._waiting.pop(owner)  # behind the others
                return
        self._idle.append(thing)

    def take_idle(self) -> list[T]:
        """All that nobody has at the moment; they are to be given back, or others in their place."""
        idle = list(self._idle)
        self._idle.clear()
        return idle

    def _leave(self, owner: str, turn: asyncio.Future[T]) -> None:
        line = self._waiting[owner]
        line.remove(turn)
        if not line:
            del self._waiting[owner]
