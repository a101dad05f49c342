"""Spoken sentences put together and encoded as they come: one file, exact to the sample."""

from __future__ import annotations

import contextlib
import os
import time

import numpy as np

from voxq.processes.media.join_protocol import Begin, Sound
from voxq.speech.audio import Samples
from voxq.speech.encode import AudioWriter
from voxq.speech.voicing import pause_after

_BUFFERED = 1 << 20

Times = tuple[tuple[float, float], ...]


class SoundGone(Exception):
    """A sentence's file is not there, or not whole."""


class Joint:
    """The file of one text. What is appended can be read in it as soon as `append` returns."""

    def __init__(self, begin: Begin) -> None:
        """Raises OSError if the file cannot be made, ValueError for its format."""
        self._sample_rate = begin.sample_rate
        self._speed = begin.speed
        self._position = 0
        self._file = _Part(os.open(begin.target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            self._writer = AudioWriter(self._file, begin.format, begin.sample_rate, file_rate=begin.file_rate)
        except Exception:
            self._file.close()
            raise
        self.rate = self._writer.rate
        self.seconds = 0.0
        """That all of this took."""

    @property
    def duration(self) -> float:
        """Seconds of sound."""
        return self._position / self._sample_rate

    def append(self, sounds: tuple[Sound, ...], *, is_last: bool) -> Times:
        """The time of each sound. With `is_last` the file is complete.

        Raises OSError, SoundGone; the file is of no use then.
        """
        started = time.perf_counter()
        times = tuple(map(self._add, sounds))
        if is_last:
            self._writer.close()
        self._file.flush()
        if is_last:
            self._file.close()
        self.seconds += time.perf_counter() - started
        return times

    def drop(self) -> None:
        """Let go of a file that will not be complete."""
        self._file.divert()
        with contextlib.suppress(Exception):  # it may have failed before
            self._writer.close()
        self._file.close()

    def _add(self, sound: Sound) -> tuple[float, float]:
        start = self.duration
        samples = _read(sound)
        pause = pause_after(sound.ending, self._sample_rate, self._speed) if len(samples) else samples
        self._writer.write(samples)
        self._position += len(samples)
        end = self.duration
        self._writer.write(pause)
        self._position += len(pause)
        return start, end


class _Part:
    """A new file. Its writes are collected: a codec makes a small one for each of its frames."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._collected = bytearray()

    def write(self, data: bytes) -> int:
        self._collected += data
        if len(self._collected) >= _BUFFERED:
            self.flush()
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.flush()
        return os.lseek(self._open, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._open, 0, os.SEEK_CUR) + len(self._collected)

    def flush(self) -> None:
        """Raises OSError."""
        while self._collected:
            written = os.write(self._open, self._collected)
            del self._collected[:written]

    def divert(self) -> None:
        """What comes from now on goes nowhere. Codecs have more to write at their end, and PyAV prints a
        traceback for each time that it fails."""
        if self._descriptor is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._descriptor, inheritable=False)
            os.close(nowhere)

    def close(self) -> None:
        """Without what is collected; what comes later fails."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def _open(self) -> int:
        if self._descriptor is None:
            raise OSError("the file is closed")
        return self._descriptor


def _read(sound: Sound) -> Samples:
    if not sound.samples:
        return np.zeros(0, np.float32)
    try:
        samples = np.fromfile(sound.path, "<f4", sound.samples)
    except FileNotFoundError:
        raise SoundGone from None
    if len(samples) != sound.samples:
        raise SoundGone
    return samples
