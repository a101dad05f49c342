"""Frames of a recording, as the decoder makes them: without numpy, which a probe does not need."""

from __future__ import annotations

import time
from collections.abc import Iterator

import av

from voxq.locale import Message
from voxq.speech.audio import AudioError
from voxq.speech.container import DECODING_ERRORS, Patience, Recording
from voxq.speech.timeline import Timeline

_SAMPLE_RATES = range(4_000, 768_001)
"""Accepted sample rates in Hz. At 1 Hz, one byte of PCM would become thousands of samples."""
_PLANES = 8
_CREDIT_SECONDS = 1.0
"""Decoded sound after which the CPU time is looked at again."""
_NOTICEABLE = 0.01
"""Seconds of work with one frame that count; less is not worth the call."""


def frames(
    recording: Recording, patience: Patience, timeline: Timeline | None = None
) -> Iterator[av.AudioFrame]:
    """Yield every frame of the chosen track that can be decoded and used. `timeline` learns of the packets of
    pictures.

    Raises AudioError ("undecodable") if everything is damaged, or `patience` runs out.
    """
    damaged = decoded = False
    heard = 0.0
    is_due = True  # asking for the CPU time with every packet would take as long as decoding it
    stream = recording.stream
    pictures = recording.pictures if timeline is not None else ()
    packets = recording.container.demux(stream, *pictures)
    while not (is_due and patience.is_over):
        try:
            packet = next(packets)
        except StopIteration:
            break
        except DECODING_ERRORS:
            damaged = True
            break
        if timeline is not None and packet.stream_index != stream.index:
            timeline.note(packet)
            continue
        is_due = True
        try:
            for frame in stream.decode(packet):
                if _is_usable(frame):
                    decoded, is_due = True, False
                    heard += frame.samples / frame.sample_rate
                    given = time.perf_counter()
                    yield frame
                    elsewhere = time.perf_counter() - given
                    if elsewhere > _NOTICEABLE:  # hours of silence may lie before it, and cost time, too
                        patience.exclude(elsewhere)
                else:
                    damaged = True
        except DECODING_ERRORS:
            damaged = True
        if heard >= _CREDIT_SECONDS:
            patience.found(heard)
            heard, is_due = 0.0, True
    if damaged and not decoded:
        raise undecodable()
    if patience.is_over:
        raise AudioError("undecodable", Message("After some sound there is too much damage to look through."))


def _is_usable(frame: av.AudioFrame) -> bool:
    # PyAV finds only the first eight planes and reads invalid memory for the others.
    has_all_planes = frame.layout.nb_channels <= _PLANES or not frame.format.is_planar
    return frame.samples > 0 and frame.sample_rate in _SAMPLE_RATES and has_all_planes


def undecodable() -> AudioError:
    return AudioError("undecodable", Message("Nothing in the sound track can be decoded."))
