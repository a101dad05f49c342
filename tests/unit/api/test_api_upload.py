"""Uploads to disk, with failing clients and disks."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import shutil
from collections import namedtuple
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from voxq.api.submission import upload
from voxq.api.submission.upload import Limits, receive, received
from voxq.core.refusal import Refusal
from voxq.storage.blobs.files import FileBlobs

HEAD = b'--xyz\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
TAIL = b"\r\n--xyz--\r\n"
LIMITS = Limits(bytes=1 << 20, free_bytes=0, fsync=True)
Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def recordings(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "recordings", tmp_path / "incoming")


def left(recordings: FileBlobs) -> list[Path]:
    return list(recordings.part("x").parent.iterdir())


def request(pieces: list[Any], headers: dict[str, str] | None = None) -> Request:
    """Request whose body comes in these pieces; an exception is raised, and None blocks for ever."""
    given = {"content-type": "multipart/form-data; boundary=xyz", **(headers or {})}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": raw}
    waiting = iter(pieces)

    async def messages() -> dict[str, Any]:
        piece = next(waiting, b"")
        if isinstance(piece, bytes):
            return {"type": "http.request", "body": piece, "more_body": piece != b""}
        return piece

    return Request(scope, messages)


async def test_a_large_upload_is_written_as_it_comes_and_hashed(recordings: FileBlobs) -> None:
    audio = bytes(range(256)) * 4096
    pieces = [audio[start : start + 60_000] for start in range(0, len(audio), 60_000)]
    received = await receive(request([HEAD, *pieces, TAIL]), recordings, LIMITS)

    assert received.upload.part.read_bytes() == audio
    assert received.upload.size == len(audio) == LIMITS.bytes
    assert received.upload.sha256 == hashlib.sha256(audio).hexdigest()


async def test_one_byte_over_the_limit_is_refused(recordings: FileBlobs) -> None:
    with pytest.raises(Refusal) as refused:
        await receive(request([HEAD, b"x" * LIMITS.bytes, b"y", TAIL]), recordings, LIMITS)
    assert refused.value.code == "too_large"
    assert left(recordings) == []


async def test_what_is_sent_behind_the_last_boundary_is_limited_too(recordings: FileBlobs) -> None:
    """The parser skips it, so it is in no file; a body without an announced length could go on for ever."""
    rest = [b"x" * (1 << 20)] * 8
    with pytest.raises(Refusal) as refused:
        await receive(request([HEAD, b"sound", TAIL, *rest]), recordings, LIMITS)
    assert refused.value.code == "too_large"
    assert left(recordings) == []


async def test_a_client_that_disconnects_leaves_nothing(recordings: FileBlobs) -> None:
    gone = {"type": "http.disconnect"}
    with pytest.raises(ClientDisconnect):
        await receive(request([HEAD, b"x" * 700_000, gone]), recordings, LIMITS)
    assert left(recordings) == []


@pytest.mark.parametrize("size", ["-1", "x", "1e9", "٣", "9" * 30])
async def test_an_absurd_content_length_is_ignored(recordings: FileBlobs, size: str) -> None:
    raw = size.encode().decode("latin-1")
    received = await receive(request([HEAD, b"sound", TAIL], {"content-length": raw}), recordings, LIMITS)
    assert received.upload.size == 5


async def test_a_body_that_is_announced_as_too_large_is_not_read(recordings: FileBlobs) -> None:
    with pytest.raises(Refusal) as refused:
        await receive(request([], {"content-length": str(10 << 20)}), recordings, LIMITS)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("free", "announced"),
    [(99, 0), (1_000_000, 1_000_000)],
    ids=["less than stays free", "not enough for what is announced"],
)
async def test_a_nearly_full_disk_refuses_uploads(
    recordings: FileBlobs, monkeypatch: pytest.MonkeyPatch, free: int, announced: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(1 << 40, 0, free))
    limits = Limits(bytes=1 << 20, free_bytes=100, fsync=False)
    with pytest.raises(Refusal) as refused:
        await receive(request([HEAD, b"sound", TAIL], {"content-length": str(announced)}), recordings, limits)
    assert refused.value.code == "disk_full"
    assert left(recordings) == []


async def test_a_disk_that_fills_up_during_the_upload_leaves_nothing(
    recordings: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write to /dev/full, which refuses every write as a full disk does."""
    real_open = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode: real_open(Path("/dev/full"), "wb"))
    with pytest.raises(OSError) as refused:
        await receive(request([HEAD, b"x" * 700_000, TAIL]), recordings, LIMITS)
    assert refused.value.errno == errno.ENOSPC


async def test_an_upload_that_stops_is_ended(recordings: FileBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_STALL_SECONDS", 0.05)
    stalled = request([HEAD])
    ours = stalled.receive

    async def then_nothing() -> Any:
        message = await ours()
        if message["body"] == b"":
            await _forever()
        return message

    with pytest.raises(Refusal) as refused:
        async with asyncio.timeout(20):
            await receive(Request(stalled.scope, then_nothing), recordings, LIMITS)
    assert refused.value.code == "upload_stalled"
    assert left(recordings) == []


async def test_an_upload_that_is_too_slow_is_ended(
    recordings: FileBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Send each byte within its time limit, but all of them too slowly."""
    monkeypatch.setattr(upload, "_STALL_SECONDS", 0.1)
    dribble = Request(request([]).scope, _dribbling())
    with pytest.raises(Refusal) as refused:
        async with asyncio.timeout(20):  # without a limit, it would take hours
            await receive(dribble, recordings, LIMITS)
    assert refused.value.code == "upload_stalled"
    assert left(recordings) == []


async def test_a_field_that_comes_first_is_checked_before_the_recording_is_read(
    recordings: FileBlobs,
) -> None:
    def check(fields: Mapping[str, str]) -> None:
        if "model" in fields:
            raise Refusal("model_not_found", "Model not found")

    field = b'--xyz\r\nContent-Disposition: form-data; name="%b"\r\n\r\nx\r\n'
    pieces = [field % b"language", field % b"model" + HEAD, b"x" * 700_000, b"never read"]
    waiting = iter(pieces)

    async def messages() -> dict[str, Any]:
        return {"type": "http.request", "body": next(waiting), "more_body": True}

    with pytest.raises(Refusal, match="Model"):
        await receive(Request(request([]).scope, messages), recordings, LIMITS, check)
    assert list(waiting) == pieces[2:]
    assert left(recordings) == []


def _dribbling() -> Callable[[], Awaitable[Any]]:
    pieces = iter([HEAD])

    async def one_byte() -> Any:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": next(pieces, b"x"), "more_body": True}

    return one_byte


async def _forever() -> None:
    await asyncio.Event().wait()


async def test_a_recording_that_was_not_taken_is_removed(recordings: FileBlobs) -> None:
    """A route may fail at anything after the upload, such as an option or Redis."""
    sent = request([HEAD, b"sound", TAIL])
    with pytest.raises(ZeroDivisionError):
        async with received(sent, recordings, LIMITS, lambda fields: None, file_field="audio") as form:
            assert left(recordings) == [form.upload.part]
            raise ZeroDivisionError
    assert left(recordings) == []
