"""Quick inspection of a recording: its format, its duration, and whether it decodes at all."""

from __future__ import annotations

import time
from collections import deque
from itertools import islice
from pathlib import Path

import av

from voxq.locale import Message
from voxq.speech.audio import AudioError, AudioInfo, Track, too_long
from voxq.speech.container import DECODING_ERRORS, Patience, Recording, identify, opened
from voxq.speech.frames import frames
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

_SAMPLE_PACKETS = 200
"""Packets from which the duration of a whole file is estimated: seconds of sound, read in 0.5 ms."""
_MOST_UNDERSTATED = 3.0
"""Factor by which that may exceed a declared duration: a beginning of silence or pictures has other rates."""

_SCAN_SECONDS = 2.0
_ROUNDING = 1.0
"""Seconds by which a declared end may differ from that of the last packet."""


def probe(path: Path, max_seconds: float, *, track: str | None = None) -> AudioInfo:
    """Decode the first samples of a recording and find its duration without decoding the rest.

    `track` is what was asked for, see `voxq.speech.tracks.candidates`; without it, the first one with samples
    is described. Takes milliseconds if the header declares a duration that fits the size and the first
    packets, at most about two seconds if the packets must be counted, and about seven for a file crafted to
    take long. Raises AudioError: missing,
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
        raise AudioError("empty", Message("The file has no samples."))
    return first


def _described(path: Path, recording: Recording, first: av.AudioFrame, max_seconds: float) -> AudioInfo:
    codec = recording.stream.codec_context.codec.canonical_name
    name, extension, mime = identify(recording, codec)
    size = path.stat().st_size
    duration = _declared_duration(recording, size, max_seconds)
    if duration is None or duration > max_seconds:  # a header alone is no reason to refuse
        counted = _counted_duration(path, recording.taken, max_seconds)
        duration = duration if counted is None else counted
    elif _estimated_duration(recording, size) > _MOST_UNDERSTATED * duration + _ROUNDING:  # against quotas
        counted = _counted_duration(path, recording.taken, max_seconds)
        duration = None if counted is None else max(duration, counted)
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


def _estimated_duration(recording: Recording, size: int) -> float:
    """Estimate the seconds of sound in a file of `size` bytes from the places of the next packets in it; 0 if
    they do not tell. Advances the recording."""
    stream = recording.stream
    ticks, first, last = 0, None, 0
    try:
        for packet in islice(recording.container.demux(stream), _SAMPLE_PACKETS):
            if packet.pos is None or packet.pos < 0:
                continue
            first = packet.pos if first is None else first
            last = max(last, packet.pos + packet.size)
            ticks += packet.duration or 0
    except DECODING_ERRORS:
        pass
    if first is None or last <= first or stream.time_base is None:
        return 0.0
    return float(ticks * stream.time_base) * (size - first) / (last - first)


def _counted_duration(path: Path, track: Track, max_seconds: float) -> float | None:
    """Sum of the packets' durations in seconds; None if they carry none or are too many to count in time.

    With long pauses between packets, what the header declares may look implausible and be true: it is if the
    last packet ends there.
    """
    deadline = time.monotonic() + _SCAN_SECONDS
    total = end = 0
    with opened(path, Patience(_LOOK_SECONDS), index=track.index) as recording:
        container, stream = recording.container, recording.stream
        for packet in container.demux(stream):
            length = packet.duration or 0
            total += length
            if packet.pts is not None:
                end = max(end, packet.pts + length)
            if time.monotonic() > deadline:
                return None
        time_base = stream.time_base
        if not total or not time_base:
            return None
        declared = declared_seconds(container, stream, max_seconds)
        is_confirmed = declared <= max_seconds and abs(end * time_base - declared) <= _ROUNDING
        return max(float(total * time_base), declared if is_confirmed else 0.0)
