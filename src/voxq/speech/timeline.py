"""Places of decoded frames on the time line of their container.

A container says when each packet is heard: sound may start late, pause without any packet, or overlap. Time
stamps of hostile or damaged files say anything, so a single one that fits neither its predecessor nor its
successor counts for nothing, and a jump beyond the longest recording is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

_MICROSECOND = Fraction(1, 1_000_000)
_TIMED = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "ogg", "asf"})
"""Formats whose time stamps say more than how many samples came before."""
_FROM_ZERO = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "asf"})
"""Formats whose time line begins at 0 even if nothing is heard then; in the others it begins with the first
packet."""

_TOLERANCE = 0.05
"""Seconds by which a time stamp may deviate without a meaning: containers round, and clocks jitter."""
_OVERLAP_SECONDS = 0.5
_OVERLAP_SHARE = 0.02
"""Sound that may be omitted because its time stamps overlap with those before. Beyond that they are wrong."""
_ROUNDING = 0.5
"""Seconds by which a declared end may exceed the last packet, whose length need not be known."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame, of which all but the first `cut` seconds are heard at `at` seconds; `gap`: after a silence."""

    frame: av.AudioFrame
    at: float
    gap: bool = False
    cut: float = 0.0


class Timeline:
    """Time line of one recording: it places the frames of a track, and knows where all of it ends."""

    def __init__(self, container: InputContainer, stream: Stream, max_seconds: float) -> None:
        """A time stamp later than `max_seconds` counts for nothing."""
        self._max_seconds = max_seconds
        self._is_timed = container.format.name in _TIMED
        self._zero = _zero_of(container, max_seconds)
        declared = declared_seconds(container, stream, max_seconds)
        self._declared = declared if 0 < declared <= max_seconds else None
        self._main = stream.index
        self._end = 0.0
        self._end_of_pictures = 0.0
        self._cut = 0.0

    @property
    def end_of_pictures(self) -> float:
        """Seconds until the end of the pictures, as far as they have been read; 0 without any."""
        end = self._end_of_pictures
        if end and self._declared is not None and end < self._declared <= end + _ROUNDING:
            return self._declared
        return end

    def note(self, packet: Packet) -> None:
        """Take account of a packet of pictures: the recording lasts at least as long."""
        if packet.pts is None or packet.time_base is None:
            return
        end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - self._zero
        latest = self._max_seconds if self._declared is None else self._declared + _ROUNDING
        if self._end_of_pictures < end <= latest:
            self._end_of_pictures = end

    def place(self, frames: Iterable[av.AudioFrame]) -> Iterator[Placed]:
        """Place the frames of the track, in order and without overlaps."""
        if self._is_timed:
            yield from self._by_stamps(frames)
            return
        for frame in frames:
            yield self._placed(frame)

    def _by_stamps(self, frames: Iterable[av.AudioFrame]) -> Iterator[Placed]:
        shift = -self._zero
        doubtful: av.AudioFrame | None = None
        for frame in frames:
            time = frame.time
            if doubtful is not None:
                shift, placed = self._resolve(doubtful, shift, None if time is None else time + shift)
                doubtful = None
                if placed is not None:
                    yield placed
            if time is None or abs(time + shift - self._end) <= _TOLERANCE:
                yield self._placed(frame)
            else:
                doubtful = frame  # until the next one shows which of them is right
        if doubtful is not None and (placed := self._resolve(doubtful, shift, None)[1]) is not None:
            yield placed

    def _resolve(
        self, frame: av.AudioFrame, shift: float, following: float | None
    ) -> tuple[float, Placed | None]:
        """Place a frame whose time stamp deviates, given the next one; return the correction of the stamps to
        come, too. None for a frame that is not heard."""
        assert frame.time is not None
        stamp, seconds = frame.time + shift, frame.samples / frame.sample_rate
        if not self._is_confirmed(stamp, seconds, following):
            return shift, self._placed(frame)
        deviation = stamp - self._end
        if deviation > 0 and stamp + seconds <= self._max_seconds:
            return shift, self._placed(frame, at=stamp)
        allowed = _OVERLAP_SECONDS + _OVERLAP_SHARE * self._end - self._cut
        if 0 < -deviation <= allowed:
            cut = min(-deviation, seconds)
            self._cut += cut
            return shift, self._placed(frame, cut=cut) if cut < seconds else None
        return shift - deviation, self._placed(frame)  # sound of another time line, such as of a joined file

    def _is_confirmed(self, stamp: float, seconds: float, following: float | None) -> bool:
        if following is None:
            return self._declared is None or stamp <= self._declared + _ROUNDING
        if abs(following - self._end - seconds) <= _TOLERANCE:
            return False
        return following >= stamp + seconds - min(_TOLERANCE, seconds / 2)

    def _placed(self, frame: av.AudioFrame, at: float | None = None, cut: float = 0.0) -> Placed:
        place = self._end if at is None else at
        self._end = place + frame.samples / frame.sample_rate - cut
        return Placed(frame, place, at is not None, cut)


def declared_seconds(container: InputContainer, stream: Stream, max_seconds: float) -> float:
    """Seconds of a recording according to its header, from its zero; 0 if it does not say."""
    of = stream if stream.duration and len(container.streams) == 1 else container
    unit = stream.time_base if of is stream else _MICROSECOND
    if not of.duration or unit is None:
        return 0.0
    seconds = float(of.duration * unit)
    if container.format.name in _TIMED:  # the end, except in MP4, where it counts from the first packet
        start = (of.start_time or 0) * unit if container.format.name.startswith("mov") else 0
        seconds += float(start) - _zero_of(container, max_seconds)
    return max(0.0, seconds)


def _zero_of(container: InputContainer, max_seconds: float) -> float:
    """Time stamp in seconds at which the recording begins."""
    start = float((container.start_time or 0) * _MICROSECOND)
    is_joined_late = container.format.name.startswith("matroska") and not container.duration
    if container.format.name in _FROM_ZERO and 0 <= start <= max_seconds and not is_joined_late:
        return 0.0
    return start
