"""Calls of sherpa-onnx's recognisers that several types of models share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from voxq.engines.contract import SAMPLE_RATE, Samples
from voxq.engines.recognise.sherpa_onnx.engine import Heard

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer, OfflineStream, OnlineRecognizer
    from sherpa_onnx.lib._sherpa_onnx import OnlineStream

    Stream = TypeVar("Stream", OfflineStream, OnlineStream)

_TAIL = [0.0] * int(0.7 * SAMPLE_RATE)
"""Silence after a sound: a step needs as many frames as it looks ahead, or the last words are not read."""


def filled(stream: Stream, samples: Samples) -> Stream:
    """Give a stream its sound."""
    # As a list: of an array, sherpa-onnx takes every sample as an object of NumPy's.
    stream.accept_waveform(SAMPLE_RATE, samples.tolist())
    return stream


def decode(recogniser: OfflineRecognizer, streams: Sequence[OfflineStream]) -> list[Heard]:
    """Recognise the sounds of streams in one call."""
    if len(streams) == 1:
        recogniser.decode_stream(streams[0])
    else:
        recogniser.decode_streams(list(streams))
    return [Heard.of(stream.result) for stream in streams]


def step_through(recogniser: OnlineRecognizer, stream: OnlineStream) -> Heard:
    """Recognise the sound of a stream, step by step, to its end."""
    stream.accept_waveform(SAMPLE_RATE, _TAIL)
    stream.input_finished()
    while recogniser.is_ready(stream):
        recogniser.decode_stream(stream)
    return Heard.of(recogniser.get_result_all(stream))
