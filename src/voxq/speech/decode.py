"""Decoding of untrusted recordings to samples.

The decoders are C code: run them in a process that may crash (`voxq.processes.media`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from voxq.locale import Message
from voxq.speech.audio import SAMPLE_RATE, AudioError, Channels, Samples, Track, too_long
from voxq.speech.container import DECODING_ERRORS, Patience, Recording, opened
from voxq.speech.frames import frames, undecodable
from voxq.speech.levels import is_audible
from voxq.speech.mixing import Mixer
from voxq.speech.resample import Resampler
from voxq.speech.timeline import Placed, Timeline

_BLOCK_SECONDS = 10
_SEARCH_SECONDS = 20.0
"""CPU seconds without decoded sound before a recording is given up.

One good frame before a gigabyte of damage would keep the decoder busy for a quarter of an hour; no usable
recording has twenty megabytes of damage in one place.
"""


class Decoding:
    """One pass over a recording: iterate over it once for its sound.

    Blocks have about ten seconds: mono, at `sample_rate`, from -1.0 to 1.0, mixed and with quiet speech
    amplified (`voxq.speech.mixing`). Sound lies where the container's time line has it, with silence where
    there is none. Damaged packets are skipped, NaN and infinite samples become silence, and memory use does
    not grow with the length of the recording.

    Raises AudioError: missing, undecodable (also if damage goes on for too long), no_audio, unknown_track,
    empty, too_large, and too_long if there is more than `max_seconds` of sound.
    """

    def __init__(
        self,
        path: Path,
        max_seconds: float,
        sample_rate: int = SAMPLE_RATE,
        *,
        track: str | None = None,
        channel: int | None = None,
    ) -> None:
        """Open nothing yet. `track` is what was asked for, see `voxq.speech.tracks.candidates`; `channel` the
        only one to be heard, 0 for the left or 1 for the right one, of a recording that has two."""
        self._path = path
        self._max_seconds = max_seconds
        self._sample_rate = sample_rate
        self._wanted = track
        self._channel = channel
        self._timeline: Timeline | None = None
        self._samples = 0
        self.tracks: tuple[Track, ...] = ()
        """Sound tracks of the file, known with the first block."""
        self.taken: Track | None = None
        """Track that is decoded, known with the first block."""
        self.has_two_channels = False
        """Whether its left and right channels differ, as far as it has been decoded."""

    @property
    def duration(self) -> float:
        """Seconds of the recording, pictures included, as far as it has been decoded."""
        pictures = self._timeline.end_of_pictures if self._timeline is not None else 0.0
        return max(self._samples / self._sample_rate, pictures)

    def __iter__(self) -> Iterator[Samples]:
        most = round(self._max_seconds * self._sample_rate)
        for block in filter(len, _mixed(self._compared(), self._channel)):
            self._samples += len(block)
            if self._samples > most:
                raise too_long(self._max_seconds)
            yield block
        if not self._samples:
            raise AudioError("empty", Message("The file has no samples."))

    def _compared(self) -> Iterator[Channels]:
        for block in self._channels():
            if len(block) == 2 and not self.has_two_channels:
                self.has_two_channels = is_audible(block[0] - block[1])
            yield block

    def _channels(self) -> Iterator[Channels]:
        """Yield blocks of the best track."""
        index = None
        patience = Patience(_SEARCH_SECONDS)
        with opened(self._path, patience, self._wanted) as recording:
            if not recording.others:
                yield from self._blocks(recording, patience)
                return
            ranked = (recording.taken, *recording.others)
        index = next((track.index for track in ranked if self._has_sound(track)), ranked[0].index)
        patience = Patience(_SEARCH_SECONDS)
        with opened(self._path, patience, index=index) as recording:
            yield from self._blocks(recording, patience)

    def _blocks(self, recording: Recording, patience: Patience) -> Iterator[Channels]:
        self.tracks, self.taken = recording.tracks, recording.taken
        self._timeline = Timeline(recording.container, recording.stream, self._max_seconds)
        sound = self._timeline.place(frames(recording, patience, self._timeline))
        yield from _joined(_pieces(sound, self._sample_rate), _BLOCK_SECONDS * self._sample_rate)

    def _has_sound(self, track: Track) -> bool:
        """Whether a track can be decoded and anything is heard in it; decodes no more than that needs."""
        patience = Patience(_SEARCH_SECONDS)
        try:
            with opened(self._path, patience, index=track.index) as recording:
                placed = (Placed(frame, 0.0) for frame in frames(recording, patience))
                return any(map(is_audible, _pieces(placed, SAMPLE_RATE)))
        except AudioError:
            return False


def decode_blocks(path: Path, max_seconds: float, sample_rate: int = SAMPLE_RATE) -> Iterator[Samples]:
    """Decode a recording whose other facts do not matter, see `Decoding`."""
    return iter(Decoding(path, max_seconds, sample_rate))


def _pieces(sound: Iterable[Placed], sample_rate: int) -> Iterator[Channels]:
    """Convert placed frames to samples, with silence in the gaps between them.

    After the first stereo frame all pieces are stereo: a stream may change with every frame, and the mix
    needs seconds of the same channels.
    """
    resampler = Resampler(sample_rate)
    failed = converted = False
    given = omitted = 0
    channels = 1
    for placed in sound:
        try:
            pieces = resampler.flush() if placed.gap else []
            if placed.gap:
                missing = round(placed.at * sample_rate) - given - sum(piece.shape[1] for piece in pieces)
                pieces = [*pieces, *_silence(channels, missing, sample_rate)]
            omitted += round(placed.cut * sample_rate)
            pieces = [*pieces, *resampler.push(placed.frame)]
        except DECODING_ERRORS:  # a layout that cannot be mixed, perhaps that of a single damaged frame
            failed = True
            resampler = Resampler(sample_rate)
            continue
        converted = True
        for piece in pieces:
            omitted, piece = omitted - min(omitted, piece.shape[1]), piece[:, omitted:]
            given, channels = given + piece.shape[1], max(channels, len(piece))
            yield _widened(piece, channels)
    if failed and not converted:
        raise undecodable()
    for piece in resampler.flush():
        yield _widened(piece, channels)


def _widened(piece: Channels, channels: int) -> Channels:
    return piece if len(piece) == channels else np.repeat(piece, channels, axis=0)


def _silence(channels: int, count: int, most: int) -> Iterator[Channels]:
    for start in range(0, count, most):
        yield np.zeros((channels, min(most, count - start)), np.float32)


def _joined(pieces: Iterable[Channels], size: int) -> Iterator[Channels]:
    """Join small pieces with the same number of channels until they are at least `size` samples."""
    for _, alike in groupby(pieces, key=len):
        waiting: list[Channels] = []
        length = 0
        for piece in alike:
            waiting.append(piece)
            length += piece.shape[1]
            if length >= size:
                yield _clean(np.concatenate(waiting, axis=1))
                waiting, length = [], 0
        if length:
            yield _clean(np.concatenate(waiting, axis=1))


def _clean(samples: Channels) -> Channels:
    with np.errstate(over="ignore", invalid="ignore"):
        is_finite = np.isfinite(samples.sum())
    if not is_finite:
        np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(samples, -1.0, 1.0, out=samples)


def _mixed(blocks: Iterable[Channels], only: int | None) -> Iterator[Samples]:
    """Mix blocks to mono, or take `only` one channel; the number of channels may change between them."""
    for channels, alike in groupby(blocks, key=len):
        mixer = Mixer(channels, only)
        for block in alike:
            yield mixer.push(block)
        yield mixer.flush()
