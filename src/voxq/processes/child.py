"""Exec'd helper processes and the JSON pipe to them.

A child is started by exec, not only by fork, because CUDA and CTranslate2 threads do not survive a fork. It
dies with its parent (PR_SET_PDEATHSIG), so that `kill -9` of the parent frees the GPU. Messages are JSON, so
that a child compromised by hostile data can send wrong values but no code.
"""

from __future__ import annotations

import contextlib
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
from voxq.processes.parent_death import die_with_parent

Message = dict[str, Any]

_MAX_MESSAGE = 64 << 20
"""Maximum size of a message in bytes; the words of a whole batch take a few hundred thousand."""
_STALL_SECONDS = 5
"""Seconds after which a child that stops in the middle of a message, or reads none, counts as dead."""


class ChildDied(Exception):
    """The process at the other end of the pipe is gone, or sent garbage."""


class Pipe:
    """One end of a socket pair that carries JSON objects."""

    def __init__(self, fd: int) -> None:
        self._connection = Connection(fd)
        # Made once, because the connection's own `poll` sets up a selector for each call, as slow as reading.
        self._arrival = select.poll()
        self._arrival.register(fd, select.POLLIN)

    def fileno(self) -> int:
        return self._connection.fileno()

    def poll(self, seconds: float = 0.0) -> bool:
        """Wait up to `seconds` and return whether a message, or the end of the stream, can be received."""
        return self._arrives_within(seconds)

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message. Raises ChildDied if the other end is gone."""
        try:
            self._connection.send_bytes(json.dumps(message, ensure_ascii=False).encode())
        except OSError as error:
            raise ChildDied from error

    def receive(self) -> Message:
        """Block until the next message. Raises ChildDied at the end of the stream or on garbage."""
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
        """Wait for data, without a limit if `seconds` is None, and return whether it came.

        Raises OSError if the pipe is closed, because its descriptor may belong to another file by then.
        """
        self._connection.fileno()
        return bool(self._arrival.poll(None if seconds is None else seconds * 1000))


class Child(Pipe):
    """A helper process as its parent sees it: its pipe, its pid and its end."""

    def __init__(self, process: subprocess.Popen[bytes], fd: int) -> None:
        super().__init__(fd)
        self._process = process

    @classmethod
    def start(
        cls,
        module: str,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        program: Sequence[str] | None = None,
    ) -> Child:
        """Run `python -m module <fd> <parent pid> *args`; the module's main calls `connect_to_parent()`.

        `program` is run instead, with the same arguments: an interpreter and its script.

        Call it from the main thread: PDEATHSIG fires when the *thread* that started the child ends.
        """
        ours, theirs = socket.socketpair()
        # -P: modules in the working directory must not be imported.
        start = program or (sys.executable, "-P", "-m", module)
        argv = [*start, str(theirs.fileno()), str(os.getpid()), *args]
        process = subprocess.Popen(
            argv,
            pass_fds=[theirs.fileno(), *life.handed_on()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        theirs.close()
        timeout = struct.pack("ll", _STALL_SECONDS, 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, timeout)
        return cls(process, ours.detach())

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self, wait: float = 5.0) -> str:
        """End the child with SIGKILL and say how it ended, e.g. "signal SIGSEGV" or "status 1".

        A child in an uninterruptible driver call survives SIGKILL; it is abandoned after `wait` seconds.
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
    """Return the pipe to the parent and the remaining arguments; call it in the child.

    `oom_score` (0-1000) makes the kernel's out-of-memory killer prefer the child to the parent.
    """
    fd, parent_pid, *args = sys.argv[1:]
    die_with_parent(int(parent_pid))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the parent ends it, with SIGKILL
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(oom_score))
    return Pipe(int(fd)), args


def limit_memory(megabytes: int) -> None:
    """Limit this process's address space, so that a decompression bomb ends in a MemoryError."""
    size = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
