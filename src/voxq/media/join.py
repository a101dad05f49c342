"""Spoken sentences put together and encoded: one file, exact to the sample."""

from __future__ import annotations

import os
import time

import numpy as np

from voxq.media.protocol import Failed, Join, Joined, Sound
from voxq.speech.audio import Samples
from voxq.speech.encode import AudioWriter
from voxq.speech.sentences import Break
from voxq.speech.voicing import pause_after


class _SoundGone(Exception):
    """A sentence's file is not there, or not whole."""


def join(request: Join) -> Joined | Failed:
    """The file appears under `target`. Raises OSError if it cannot be written, ValueError for its format."""
    started = time.perf_counter()
    rate = request.sample_rate
    times: list[tuple[float, float]] = []
    position = 0
    descriptor = os.open(request.target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        writer = AudioWriter(file, request.format, rate, file_rate=request.file_rate)
        for number, sound in enumerate(request.sounds, start=1):
            try:
                samples = _read(sound)
            except _SoundGone:
                return Failed(request.id, "audio_unavailable", "The sound of a sentence is gone.")
            writer.write(samples)
            times.append((position / rate, (position + len(samples)) / rate))
            ending = sound.ending if number < len(request.sounds) else Break.CLAUSE
            pause = pause_after(ending, rate, request.speed) if len(samples) else samples
            writer.write(pause)
            position += len(samples) + len(pause)
        writer.close()
    seconds = round(time.perf_counter() - started, 4)
    return Joined(request.id, position / rate, writer.rate, tuple(times), seconds)


def _read(sound: Sound) -> Samples:
    if not sound.samples:
        return np.zeros(0, np.float32)
    try:
        samples = np.fromfile(sound.path, "<f4", sound.samples)
    except FileNotFoundError:
        raise _SoundGone from None
    if len(samples) != sound.samples:
        raise _SoundGone
    return samples
