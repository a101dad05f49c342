"""Joining of spoken sentences into one encoded file as they arrive, exact to the sample."""

from __future__ import annotations

import contextlib
import os
import time

import numpy as np

from voxq.processes.media.join_protocol import Begin, Sound
from voxq.speech.audio import Samples
from voxq.speech.encode import AudioWriter
from voxq.speech.voicing import delivered, pause_after, silence

_BUFFERED = 1 << 20

Times = tuple[tuple[float, float], ...]


class SoundGone(Exception):
    """The file of a sentence is missing or incomplete."""


class Joint:
    """File with the speech of one text. Appended sentences can be read in it as soon as `append` returns."""

    def __init__(self, begin: Begin) -> None:
        """Create the file. Raises OSError if that fails, and ValueError for an unknown format."""
        self._sample_rate = begin.sample_rate
        self._speed = begin.speed
        self._position = 0
        self._file = _Part(os.open(begin.target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            self._writer = AudioWriter(
                self._file,
                begin.format,
                begin.sample_rate,
                file_rate=begin.file_rate,
                comment=begin.comment,
            )
        except Exception:
            self._file.close()
            raise
        self.rate = self._writer.rate
        self.seconds = 0.0
        """Time spent in all calls of `append`."""

    @property
    def duration(self) -> float:
        """Seconds of audio so far."""
        return self._position / self._sample_rate

    def append(self, sounds: tuple[Sound, ...], *, is_last: bool) -> Times:
        """Append sentences and return the times of each; `is_last` completes the file.

        Raises OSError and SoundGone, after which the file is unusable.
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
        """Close a file that will not be completed."""
        self._file.divert()
        with contextlib.suppress(Exception):  # the writer may have failed before
            self._writer.close()
        self._file.close()

    def _add(self, sound: Sound) -> tuple[float, float]:
        delivery = sound.delivery
        samples = delivered(_read(sound), self._sample_rate, delivery)
        self._write(silence(delivery.before, self._sample_rate))
        start = self.duration
        self._write(samples)
        end = self.duration
        if delivery.pause is not None:
            self._write(silence(delivery.pause, self._sample_rate))
        elif len(samples):
            self._write(pause_after(sound.ending, self._sample_rate, self._speed))
        return start, end

    def _write(self, samples: Samples) -> None:
        self._writer.write(samples)
        self._position += len(samples)


class _Part:
    """A new file with buffered writes, because a codec makes a small write for each frame."""

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
        """Write the buffer. Raises OSError."""
        while self._collected:
            written = os.write(self._open, self._collected)
            del self._collected[:written]

    def divert(self) -> None:
        """Discard all further writes.

        A codec writes more data when it is closed, and PyAV prints a traceback for every failed write.
        """
        if self._descriptor is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._descriptor, inheritable=False)
            os.close(nowhere)

    def close(self) -> None:
        """Close the file and drop the buffer; later writes fail."""
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
