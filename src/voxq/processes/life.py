"""One life of a supervised process: a unique name, and a pipe that closes when all its processes are dead.

The supervisor passes both to a part, and the part passes the pipe on to the processes it starts. The end of
the pipe proves what process ids cannot: that the last of them is dead, even one that was blocked in a write.
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
    """The supervisor's end of a life; must be closed."""

    def __init__(self) -> None:
        """Create the pipe. Raises OSError if there are no free file descriptors."""
        self.name = _new_name()
        self._ends, self._given = os.pipe()

    @contextmanager
    def given(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Yield the file descriptor and the environment variables with which to start the part.

        Start it inside the context; may be used once.
        """
        try:
            yield self._given, {_NAME: self.name, _PIPE: str(self._given)}
        except BaseException:
            self.close()
            raise
        finally:
            os.close(self._given)

    def wait_over(self, seconds: float) -> bool:
        """Wait up to `seconds` and return whether all of its processes have ended."""
        poll = select.poll()  # not `select`, which supports only file descriptors below 1024
        poll.register(self._ends, 0)
        return bool(poll.poll(seconds * 1000))

    def close(self) -> None:
        os.close(self._ends)


def name_of_mine() -> str:
    """Return the name of this process's life; a new one if it is not supervised."""
    return os.environ.get(_NAME) or _new_name()


def is_name(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{12}", value))


def handed_on() -> list[int]:
    """Return the file descriptors that every helper of this process must inherit."""
    pipe = os.environ.get(_PIPE)
    return [int(pipe)] if pipe else []


def _new_name() -> str:
    return secrets.token_hex(6)
