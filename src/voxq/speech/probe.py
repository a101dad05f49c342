"""Quick inspection of a recording: its format, its duration, and whether it decodes at all."""

from __future__ import annotations

import time
from pathlib import Path

from av.audio.stream import AudioStream
from av.container import InputContainer

from voxq.speech.audio import AudioError, AudioInfo
from voxq.speech.container import Patience, identify, opened
from voxq.speech.decode import frames, too_long

_GUESSED_FROM_BIT_RATE = frozenset({"aac", "amr", "ac3", "eac3"})
"""Containers that declare no duration; libavformat guesses one from the bit rate."""

_PLAUSIBLE_BYTES_PER_SECOND = (16.0, 16.0 * (1 << 20))
"""Range in which a declared duration is believed.

Silence in Opus or FLAC takes about 150 bytes per second, high-resolution video takes millions.
"""

_LOOK_SECONDS = 5.0
"""CPU seconds within which the first samples must be found.

A few megabytes crafted for the purpose could take minutes, while other submissions wait for the process.
"""

_SCAN_SECONDS = 2.0
_MICROSECONDS = 1_000_000


def probe(path: Path, max_seconds: float) -> AudioInfo:
    """Decode the first samples of a recording and find its duration without decoding the rest.

    Takes milliseconds if the header declares a plausible duration, at most about two seconds if the packets
    must be counted, and about seven for a file crafted to take long. Raises AudioError: missing, undecodable,
    no_audio, empty, too_large, and too_long according to the header or the packets.
    """
    patience = Patience(_LOOK_SECONDS)
    with opened(path, patience) as (container, stream):
        first = next(frames(container, stream, patience), None)
        if first is None:
            raise AudioError("empty", "The file has no samples.")
        codec = stream.codec_context.codec.canonical_name
        name, extension, mime = identify(container, codec)
        duration = _declared_duration(container, stream, path.stat().st_size)
    if duration is None or duration > max_seconds:  # a header alone is no reason to refuse
        counted = _counted_duration(path)
        duration = duration if counted is None else counted
    if duration is not None and duration > max_seconds:
        raise too_long(max_seconds)
    return AudioInfo(
        container=name,
        codec=codec,
        extension=extension,
        mime=mime,
        duration=duration,
        sample_rate=first.sample_rate,
        channels=first.layout.nb_channels,
    )


def _declared_duration(container: InputContainer, stream: AudioStream, size: int) -> float | None:
    if container.format.name in _GUESSED_FROM_BIT_RATE:
        return None
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = (container.duration or 0) / _MICROSECONDS
    least, most = _PLAUSIBLE_BYTES_PER_SECOND
    return seconds if seconds > 0 and least <= size / seconds <= most else None


def _counted_duration(path: Path) -> float | None:
    """Sum of the packets' durations in seconds; None if they carry none or are too many to count in time."""
    deadline = time.monotonic() + _SCAN_SECONDS
    total = 0
    with opened(path, Patience(_LOOK_SECONDS)) as (container, stream):
        for packet in container.demux(stream):
            total += packet.duration or 0
            if time.monotonic() > deadline:
                return None
        return float(total * stream.time_base) if total and stream.time_base else None
