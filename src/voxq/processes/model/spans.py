"""Reading of the sound of chunks in the model process."""

from __future__ import annotations

import numpy as np

from voxq.engines.contract import SAMPLE_RATE, AudioItem, ChunkError
from voxq.locale import Message
from voxq.processes.model.protocol import SpanRef

_FLOAT32 = 4


def read(ref: SpanRef, longest: float) -> AudioItem | ChunkError:
    """Read the samples of a chunk of at most `longest` seconds. They are copied, not mapped, because a file
    that shrinks under a map causes a SIGBUS."""
    count = ref.end - ref.start
    if ref.start < 0 or count < 0 or count > (longest + 1) * SAMPLE_RATE:
        return ChunkError(
            "bad_chunk", Message("A chunk must be 0 to {seconds:g} seconds long.", seconds=longest)
        )
    try:
        samples = np.fromfile(ref.pcm, dtype="<f4", count=count, offset=ref.start * _FLOAT32)
    except OSError:
        samples = np.empty(0, dtype="<f4")
    if len(samples) != count:
        return ChunkError("audio_unavailable", Message("The decoded audio of this chunk is gone."))
    return AudioItem(samples, ref.options)
