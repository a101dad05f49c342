"""Exec'd helper processes and the JSON pipe to them.

A child is exec'd and never forked, because CUDA and CTranslate2 threads do not survive a fork. It dies with
its parent (PR_SET_PDEATHSIG), so a `kill -9` of the parent frees the GPU. Messages are JSON: a child that
hostile bytes have taken over can send wrong values, never code.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from voxq.core import strict_json
from voxq.processes import life

Message = dict[str, Any]

_PR_SET_PDEATHSIG = 1
_MAX_MESSAGE = 64 << 20
"""Bytes; the words of a whole batch are a few hundred thousand."""
_STALL_SECONDS = 5
"""A child that stops in the middle of a message, or reads none, is as good as dead."""


class ChildDied(Exception):
    """The other end of the pipe is gone."""


class Pipe:
    """One end of a socket pair that carries JSON objects."""

    def __init__(self, fd: int) -> None:
        self._connection = Connection(fd)
        # Made once: what the connection's own `poll` makes for each message takes as long as the reading.
        self._arrival = select.poll()
        self._arrival.register(fd, select.POLLIN)

    def fileno(self) -> int:
        return self._connection.fileno()

    def poll(self, seconds: float = 0.0) -> bool:
        """Whether a message, or the end of the other side, is there to be received."""
        return self._arrives_within(seconds)

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises ChildDied if the other end is gone."""
        try:
            self._connection.send_bytes(json.dumps(message, ensure_ascii=False).encode())
        except OSError as error:
            raise ChildDied from error

    def receive(self) -> Message:
        """Blocks for the next message. Raises ChildDied at the end of the stream or on garbage."""
        try:
            self._arrives_within(None)
            message = strict_json.loads(self._connection.recv_bytes(_MAX_MESSAGE))
        except (EOFError, OSError, ValueError) as error:
            raise ChildDied from error
        if not isinstance(message, dict):
            raise ChildDied("a message that is not an object")
        return message

    def close(self) -> None:
        self._connection.close()

    def _arrives_within(self, seconds: float | None) -> bool:
        """None waits for as long as it takes. Raises OSError once it is closed: its number may be another
        file's by then."""
        self._connection.fileno()
        return bool(self._arrival.poll(None if seconds is None else seconds * 1000))


class Child(Pipe):
    """The parent's view of a helper process: its pipe, its pid and its end."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int) -> None:
        super().__init__(fd)
        self._process = process

    @classmethod
    def start(cls, module: str, args: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Child:
        """Run `python -m module <fd> <parent pid> *args`; the module's main calls `connect_to_parent()`.

        Call it from the main thread: PDEATHSIG fires when the *thread* that started the child ends.
        """
        ours, theirs = socket.socketpair()
        # -P: what lies in the working directory is not imported.
        argv = [sys.executable, "-P", "-m", module, str(theirs.fileno()), str(os.getpid()), *args]
        process = subprocess.Popen(
            argv,
            pass_fds=[theirs.fileno(), *life.handed_on()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        theirs.close()
        pooled = struct.pack("ll", _STALL_SECONDS, 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, pooled)
        return cls(process, ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self, wait: float = 5.0) -> str:
        """End the child with SIGKILL and say how it ended, e.g. "signal SIGSEGV" or "status 1".

        A child in uninterruptible driver sleep survives SIGKILL: after `wait` seconds it is left behind.
        """
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with contextlib.suppress(OSError):
            self.close()
        try:
            code = self._process.wait(wait)
        except subprocess.TimeoutExpired:
            return "still in the kernel after SIGKILL"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def connect_to_parent(oom_score: int = 500) -> tuple[Pipe, list[str]]:
    """In a child: the pipe to the parent, and the remaining arguments.

    `oom_score` (0-1000) makes the kernel's out-of-memory killer take the child before the parent.
    """
    fd, parent_pid, *args = sys.argv[1:]
    die_with_parent(int(parent_pid))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the parent decides, with SIGKILL
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(oom_score))
    return Pipe(int(fd)), args


def die_with_parent(parent_pid: int, sig: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel for `sig` when the parent ends; exit at once if it already has. A no-op but on Linux."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sig)
    if os.getppid() != parent_pid:
        os._exit(1)


def limit_memory(megabytes: int) -> None:
    """Cap this process's address space, so that a decompression bomb ends here with MemoryError."""
    size = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
