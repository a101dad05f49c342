"""Quick inspection of a recording: its format, its duration, and whether it decodes at all."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import av

from voxq.speech.audio import AudioError, AudioInfo, Track
from voxq.speech.container import Patience, Recording, identify, opened
from voxq.speech.decode import frames, too_long
from voxq.speech.timeline import declared_seconds

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


def probe(path: Path, max_seconds: float, *, track: str | None = None) -> AudioInfo:
    """Decode the first samples of a recording and find its duration without decoding the rest.

    `track` is what was asked for, see `voxq.speech.tracks.candidates`; without it, the first one with samples
    is described. Takes milliseconds if the header declares a plausible duration, at most about two seconds if
    the packets must be counted, and about seven for a file crafted to take long. Raises AudioError: missing,
    undecodable, no_audio, unknown_track, empty, too_large, and too_long according to the header or the
    packets.
    """
    patience = Patience(_LOOK_SECONDS)
    index: int | None = None
    untried: deque[Track] = deque()
    while True:
        with opened(path, patience, track, index=index) as recording:
            if index is None:
                untried.extend(recording.others)
            first = _first_frame(recording, patience, is_last=not untried)
            if first is not None:
                return _described(path, recording, first, max_seconds)
        index = untried.popleft().index


def _first_frame(recording: Recording, patience: Patience, *, is_last: bool) -> av.AudioFrame | None:
    """Decode the first frame; None if there is none and another track can be tried. Raises AudioError."""
    try:
        first = next(frames(recording, patience), None)
    except AudioError:
        if is_last or patience.is_over:
            raise
        return None
    if first is None and is_last:
        raise AudioError("empty", "The file has no samples.")
    return first


def _described(path: Path, recording: Recording, first: av.AudioFrame, max_seconds: float) -> AudioInfo:
    codec = recording.stream.codec_context.codec.canonical_name
    name, extension, mime = identify(recording, codec)
    duration = _declared_duration(recording, path.stat().st_size, max_seconds)
    if duration is None or duration > max_seconds:  # a header alone is no reason to refuse
        counted = _counted_duration(path, recording.taken)
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


def _declared_duration(recording: Recording, size: int, max_seconds: float) -> float | None:
    container, stream = recording.container, recording.stream
    if container.format.name in _GUESSED_FROM_BIT_RATE:
        return None
    seconds = declared_seconds(container, stream, max_seconds)
    least, most = _PLAUSIBLE_BYTES_PER_SECOND
    return seconds if seconds and least <= size / seconds <= most else None


def _counted_duration(path: Path, track: Track) -> float | None:
    """Sum of the packets' durations in seconds; None if they carry none or are too many to count in time."""
    deadline = time.monotonic() + _SCAN_SECONDS
    total = 0
    with opened(path, Patience(_LOOK_SECONDS), index=track.index) as recording:
        for packet in recording.container.demux(recording.stream):
            total += packet.duration or 0
            if time.monotonic() > deadline:
                return None
        time_base = recording.stream.time_base
        return float(total * time_base) if total and time_base else None
