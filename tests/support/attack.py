"""Baits for attacks: files and ports that notice when a client's input makes the service open them."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread


class OpenedFiles:
    """Names of the files that any process opens in a directory while it is watched (Linux inotify)."""

    _OPEN = 0x20

    def __init__(self, directory: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._fd, os.fsencode(directory), self._OPEN) >= 0

    def __enter__(self) -> OpenedFiles:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def names(self) -> set[str]:
        """Names since the last call."""
        found = set()
        try:
            events = os.read(self._fd, 1 << 16)
        except BlockingIOError:
            return found
        while events:
            (length,) = struct.unpack_from("12xI", events)
            found.add(events[16 : 16 + length].rstrip(b"\0").decode())
            events = events[16 + length :]
        return found - {""}  # the directory itself, which an import may read


class Listener:
    """Loopback port that nothing has a reason to connect to. `heard`: the first bytes of each connection."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            with visitor:
                visitor.settimeout(2)
                try:
                    self.heard.append(visitor.recv(1000))
                except OSError:
                    self.heard.append(b"")


@contextmanager
def listener() -> Iterator[Listener]:
    """Run a `Listener` until the end of the context."""
    ours = Listener()
    try:
        yield ours
    finally:
        ours.close()


def addresses(port: int, file: Path) -> list[str]:
    """Strings that a service might open as an address: URLs of the listener's port, and paths of `file`."""
    host = f"127.0.0.1:{port}"
    return [
        f"http://{host}/x.wav",
        f"https://user:word@{host}/x.m3u8",
        f"//{host}/x",
        f"\\\\{host}\\share\\x.wav",
        f"tcp://{host}",
        f"redis://{host}/0",
        f"concat:http://{host}/a|http://{host}/b",
        f"${{jndi:ldap://{host}/a}}",
        f"data:audio/wav;base64,http://{host}/",
        f"file://{file}",
        f"{file}",
        f"../../../../../../../../../..{file}",
        f"{file}\0.wav",
        f"@{file}",
        f"|cat {file}",
        f"$(cat {file})",
        f"`cat {file}`; cat '{file}'",
    ]
