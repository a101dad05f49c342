"""Reader of a task's speech file while a worker still writes it.

The file grows in the task's work directory and becomes a blob when complete. A worker that has to begin again
writes a file of its own, with the same bytes, and marks the earlier one void; a reader then continues in the
new file at the same offset.
"""

from __future__ import annotations

import os
import threading
import zlib
from pathlib import Path

from voxq.storage.blobs.port import Blobs
from voxq.storage.scratch import WorkFiles, is_void

_HEADER = 64
"""Size in bytes of the header, which may differ: its length fields are corrected once the length is known."""
_BLOCK = 1 << 20


class SpeechChanged(Exception):
    """Raised if the file was begun again with other bytes, so that what was read cannot be continued."""


class SpeechFile:
    """Reader of the speech of one (task, run). Every method blocks; it may be closed at any time."""

    def __init__(self, work: WorkFiles, blobs: Blobs, task_id: str, run: int, name: str) -> None:
        """Prepare the reader. `name` is that of the blob which the file becomes."""
        self._work = work
        self._blobs = blobs
        self._name = name
        self._task_id = task_id
        self._run = run
        self._descriptor: int | None = None
        self._is_known = True
        self._read = 0
        self._checksum = 0
        self._lock = threading.Lock()
        self._is_closed = False

    def read(self, most: int) -> bytes:
        """Read the next bytes, at most `most`; empty if nothing more has been written yet.

        Raises OSError, SpeechChanged.
        """
        with self._lock:
            return b"" if self._is_closed else self._take(most)

    @property
    def is_whole(self) -> bool:
        """Whether everything has been read. Valid once the task is done and `read` returns nothing."""
        return self._descriptor is not None and self._is_known and not self._is_void

    def close(self) -> None:
        """Close the file, after a read in another thread has finished."""
        with self._lock:
            self._is_closed = True
            self._let_go()

    def _take(self, most: int) -> bytes:
        data = self._next(most)
        if not data and self._reopen():
            data = self._next(most)
        if not data:
            return b""
        if not self._is_known:
            self._recognise()
        start = max(0, _HEADER - self._read)
        self._checksum = zlib.crc32(data[start:], self._checksum)
        self._read += len(data)
        return data

    @property
    def _is_void(self) -> bool:
        return self._descriptor is not None and is_void(os.fstat(self._descriptor))

    def _next(self, most: int) -> bytes:
        return b"" if self._descriptor is None else os.pread(self._descriptor, most, self._read)

    def _reopen(self) -> bool:
        """Open the current file; returns False if there is none or it is already open."""
        path = self._path()
        if path is None:
            return False
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except (FileNotFoundError, PermissionError):  # renamed or marked void since
            return False
        if self._descriptor is not None and os.path.sameopenfile(descriptor, self._descriptor):
            os.close(descriptor)
            return False
        self._let_go()
        self._descriptor, self._is_known = descriptor, self._read == 0
        return True

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _path(self) -> Path | None:
        if self._blobs.exists(self._name):
            return self._blobs.path(self._name)
        if self._descriptor is None or self._is_void:
            return self._work.speech(self._task_id, self._run)
        return None

    def _recognise(self) -> None:
        """Check that this file begins with what has been read. Raises SpeechChanged."""
        assert self._descriptor is not None
        checksum, place = 0, min(_HEADER, self._read)
        while place < self._read:
            data = os.pread(self._descriptor, min(_BLOCK, self._read - place), place)
            if not data:
                break
            checksum, place = zlib.crc32(data, checksum), place + len(data)
        if checksum != self._checksum:
            raise SpeechChanged
        self._is_known = True
