"""Memory that the C library keeps after it was freed. Both functions do nothing where it is not glibc."""

from __future__ import annotations

import contextlib
import ctypes

_M_ARENA_MAX = -8


def use_one_arena() -> None:
    """Let all threads share one heap: what one of them frees is of use to the others, and can be given back.

    By default each thread has its own, whose upper end `give_back` cannot reach. To be called before there is
    a second thread.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Give freed memory back to the system; takes some milliseconds for a hundred megabytes."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
