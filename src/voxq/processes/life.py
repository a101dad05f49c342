"""One life of a supervised process: a name of its own, and a pipe that ends when nothing of it is left.

The supervisor gives both to a part, and the part hands the pipe on to the processes it starts. So the end of
the pipe says what no look at process ids can: that the last of them is dead, one in a write included.
"""

from __future__ import annotations

import os
import re
import secrets
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_NAME = "VOXQ_LIFE"
_PIPE = "VOXQ_LIFE_FD"


class Life:
    """As the supervisor has it. Close it."""

    def __init__(self) -> None:
        """Raises OSError without free file descriptors."""
        self.name = _new_name()
        self._ends, self._given = os.pipe()

    @contextmanager
    def given(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Inside, the part is started: with this file descriptor, and this in its environment. Once."""
        try:
            yield self._given, {_NAME: self.name, _PIPE: str(self._given)}
        except BaseException:
            self.close()
            raise
        finally:
            os.close(self._given)

    def wait_over(self, seconds: float) -> bool:
        """Whether all of its processes have ended within so many seconds."""
        poll = select.poll()  # not `select`, which knows only the first 1024 file descriptors
        poll.register(self._ends, 0)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        os.close(self._ends)


def name_of_mine() -> str:
    """The name of this process's life; a new one if nobody supervises it."""
    return os.environ.get(_NAME) or _new_name()


def is_name(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{12}", value))


def handed_on() -> list[int]:
    """The file descriptors that every helper of this process must inherit."""
    pipe = os.environ.get(_PIPE)
    return [int(pipe)] if pipe else []


def _new_name() -> str:
    return secrets.token_hex(6)
