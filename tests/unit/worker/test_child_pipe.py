"""Messages from a compromised child process: whatever it sends, the parent gets an error in time."""

from __future__ import annotations

import json
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voxq.processes import child
from voxq.processes.child import Child, ChildDied, Pipe

SUPPORT = Path(__file__).parents[2] / "support"
Liar = Callable[[bytes], Child]


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Iterator[Liar]:
    """Factory of child processes that send given bytes and nothing more."""
    monkeypatch.setattr(child, "_STALL_SECONDS", 1)
    started: list[Child] = []

    def start(lie: bytes) -> Child:
        started.append(Child.start("lying_child", [lie.hex()], {"PYTHONPATH": str(SUPPORT)}))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.mark.parametrize(
    "lie",
    [
        struct.pack("!i", 100),  # a length without data
        struct.pack("!i", 100) + b'{"op": ',
        struct.pack("!i", 5) + b"hello",
        struct.pack("!i", 2) + b"[]",
        struct.pack("!i", 2) + b"\xff\xfe",
        struct.pack("!i", 1 << 30),
        struct.pack("!iQ", -1, 1 << 60),
        struct.pack("!i", -7),
    ],
)
def test_an_invalid_message_ends_the_connection(liar: Liar, lie: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    with pytest.raises(ChildDied):
        liar(lie).receive()
    assert time.monotonic() - started < 50
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"


def test_a_message_is_limited_in_length(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a child that goes on sending would fill its parent's memory."""
    message = json.dumps({"text": "x" * 10_000}).encode()
    told = struct.pack("!i", len(message)) + message
    assert len(liar(told).receive()["text"]) == 10_000
    monkeypatch.setattr(child, "_MAX_MESSAGE", 10_000)
    with pytest.raises(ChildDied):
        liar(told).receive()


@pytest.mark.slow  # it starts a process
def test_modules_in_the_working_directory_are_not_imported(
    liar: Liar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lying_child.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert liar(struct.pack("!i", 2) + b"{}").receive() == {}


def test_a_child_that_does_not_read_cannot_stop_its_parent(liar: Liar) -> None:
    deaf = liar(b"")
    started = time.monotonic()
    with pytest.raises(ChildDied):
        for _ in range(100):
            deaf.send({"text": "x" * 100_000})
    assert time.monotonic() - started < 50


def test_waiting_for_a_message_may_take_longer_than_its_time_limit(liar: Liar) -> None:
    silent = liar(b"")
    assert not silent.poll(1.5)
    silent._process.kill()
    with pytest.raises(ChildDied):
        silent.receive()


def test_a_closed_pipe_does_not_read_from_a_reused_descriptor() -> None:
    ours, theirs = socket.socketpair()
    pipe = Pipe(ours.detach())
    pipe.close()
    with theirs, pytest.raises(OSError, match="closed"):
        pipe.poll()
    with pytest.raises(ChildDied):
        pipe.receive()
