"""Stored files are accessible only to the service's user, whatever the umask at its start."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from attacked import Attacked, end_of, said, submitted

FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def test_stored_files_are_not_accessible_to_others(
    service: Attacked, anna: httpx.Client, recording: str, speech: str
) -> None:
    """Its processes started with umask 000 and have done everything that creates files."""
    failed = submitted(anna, hotwords="fault-error", callback="bot")
    assert end_of(anna, "asr", failed) == "failed"
    assert anna.delete(f"/api/v1/asr/task/{recording}").json()["status"] == "deleted"
    assert end_of(anna, "tts", said(anna, "Told twice.", callback="bot", format="mp3")) == "done"
    service.lab.close_gate()
    gated = submitted(anna, hotwords="gated")  # this leaves work in progress
    seen: set[str] = set()
    deadline = time.monotonic() + 25  # the gate does not hold for ever
    while not {"work", "open", "told"} <= seen and time.monotonic() < deadline:
        for path, mode in _below(service.api.storage):
            assert not mode & FOR_OTHERS, f"{path} has the mode {mode:o}"
            seen |= {part for part in path.parts if path.is_file()}
    assert {"recordings", "open", "ended", "told", "work", "logs"} <= seen, "else nothing was shown"
    service.lab.open_gate()
    assert end_of(anna, "asr", gated) == "done"


def _below(directory: Path) -> Iterator[tuple[Path, int]]:
    """Return everything in a directory with its mode, itself included; entries that vanish meanwhile are
    omitted."""
    yield directory, directory.stat().st_mode
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            path = Path(folder, name)
            with contextlib.suppress(FileNotFoundError):
                yield path, path.lstat().st_mode
