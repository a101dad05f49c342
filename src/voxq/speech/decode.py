"""Decoding of untrusted recordings to samples.

The decoders are C code: run them in a process that may crash (`voxq.processes.media`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from voxq.speech.audio import SAMPLE_RATE, AudioError, Samples
from voxq.speech.container import DECODING_ERRORS, Patience, opened
from voxq.speech.resample import Resampler

_BLOCK_SECONDS = 10
_SAMPLE_RATES = range(4_000, 768_001)
"""Accepted sample rates in Hz. At 1 Hz, one byte of PCM would become thousands of samples."""
_PLANES = 8
_SEARCH_SECONDS = 20.0
"""CPU seconds without decoded sound before a recording is given up.

One good frame before a gigabyte of damage would keep the decoder busy for a quarter of an hour; no usable
recording has twenty megabytes of damage in one place.
"""


def decode_blocks(path: Path, max_seconds: float, sample_rate: int = SAMPLE_RATE) -> Iterator[Samples]:
    """Decode a recording in blocks of about ten seconds: mono, at `sample_rate`, from -1.0 to 1.0.

    Damaged packets are skipped, NaN and infinite samples become silence, and memory use does not grow with
    the length of the recording. Time stamps are ignored: the sound of all packets is joined end to end.
    Raises AudioError: missing, undecodable (also if damage goes on for too long), no_audio, empty, too_large,
    and too_long if there is more than `max_seconds` of sound.
    """
    most = round(max_seconds * sample_rate)
    done = 0
    patience = Patience(_SEARCH_SECONDS)
    with opened(path, patience) as (container, stream):
        pieces = _pieces(frames(container, stream, patience), sample_rate)
        for block in _blocks(pieces, _BLOCK_SECONDS * sample_rate):
            done += len(block)
            if done > most:
                raise too_long(max_seconds)
            yield block
    if not done:
        raise AudioError("empty", "The file has no samples.")


def frames(container: InputContainer, stream: AudioStream, patience: Patience) -> Iterator[av.AudioFrame]:
    """Yield every frame that can be decoded and used.

    Raises AudioError ("undecodable") if everything is damaged, or `patience` runs out.
    """
    damaged = decoded = False
    packets = container.demux(stream)
    while not patience.is_over:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except DECODING_ERRORS:
            damaged = True
            break
        try:
            for frame in packet.decode():
                if _is_usable(frame):
                    decoded = True
                    patience.found(frame.samples / frame.sample_rate)
                    yield frame
                else:
                    damaged = True
        except DECODING_ERRORS:
            damaged = True
    if damaged and not decoded:
        raise _undecodable()
    if patience.is_over:
        raise AudioError("undecodable", "After some sound there is too much damage to look through.")


def too_long(max_seconds: float) -> AudioError:
    return AudioError("too_long", f"The recording is longer than {max_seconds:g} seconds.")


def _pieces(sound: Iterator[av.AudioFrame], sample_rate: int) -> Iterator[Samples]:
    resampler = Resampler(sample_rate)
    failed = converted = False
    for frame in sound:
        try:
            pieces = resampler.push(frame)
        except DECODING_ERRORS:  # a layout that cannot be mixed, perhaps that of a single damaged frame
            failed = True
            resampler = Resampler(sample_rate)
        else:
            converted = True
            yield from pieces
    if failed and not converted:
        raise _undecodable()
    yield from resampler.flush()


def _is_usable(frame: av.AudioFrame) -> bool:
    # PyAV finds only the first eight planes and reads invalid memory for the others.
    has_all_planes = frame.layout.nb_channels <= _PLANES or not frame.format.is_planar
    return frame.samples > 0 and frame.sample_rate in _SAMPLE_RATES and has_all_planes


def _undecodable() -> AudioError:
    return AudioError("undecodable", "Nothing in the sound track can be decoded.")


def _blocks(pieces: Iterator[Samples], size: int) -> Iterator[Samples]:
    """Join small pieces until they are at least `size` samples."""
    waiting: list[Samples] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= size:
            yield np.concatenate(waiting)
            waiting, length = [], 0
    if length:
        yield np.concatenate(waiting)
