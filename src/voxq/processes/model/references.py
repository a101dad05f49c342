"""Reading of the voice that a sentence is to be spoken in, in the model process."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from voxq.engines.contract import ChunkError, Reference, Samples
from voxq.locale import Message
from voxq.processes.model.protocol import ReferenceRef

_LONGEST_SECONDS = 60.0
"""No model hears more of a voice than half a minute."""
_RATES = range(8_000, 192_001)
_LONGEST_VECTOR = 4096
_FLOAT32 = 4


def read_reference(ref: ReferenceRef, clones: str) -> Reference | ChunkError:
    """Read a voice, of which the model needs what `Traits.clones` says.

    Errors: "audio_unavailable" if the recording is gone, "bad_reference" if it, or the embedding, cannot be
    used by this model.
    """
    match clones:
        case "samples":
            samples = None if ref.pcm is None else _read(ref.pcm, ref.sample_rate)
            if samples is None:
                return _bad(Message("This model needs a recording of the voice, and was given none."))
            if isinstance(samples, ChunkError):
                return samples
            return Reference(samples, ref.sample_rate, ref.text, ref.vector, ref.revision)
        case "vector":
            if ref.vector is None:
                return _bad(Message("This model needs the embedding of the voice, and was given none."))
            if not 0 < len(ref.vector) <= _LONGEST_VECTOR or not all(map(math.isfinite, ref.vector)):
                return _bad(Message("The embedding of the voice is not a vector of numbers."))
            return Reference(None, ref.sample_rate, ref.text, ref.vector, ref.revision)
        case _:
            return _bad(Message("This model speaks in its own voices only."))


def _read(path: Path, sample_rate: int) -> Samples | ChunkError:
    """Read a recording. It is copied, not mapped, because a file that shrinks under a map causes a
    SIGBUS."""
    if sample_rate not in _RATES:
        return _bad(Message("The recording of the voice has an impossible sample rate."))
    try:
        size = path.stat().st_size
        samples = np.fromfile(path, dtype="<f4", count=size // _FLOAT32)
    except OSError:
        return ChunkError("audio_unavailable", Message("The recording of the voice is gone."))
    if size % _FLOAT32 or len(samples) != size // _FLOAT32:
        return ChunkError("audio_unavailable", Message("The recording of the voice is incomplete."))
    if not len(samples) or len(samples) > _LONGEST_SECONDS * sample_rate:
        return _bad(
            Message(
                "The recording of the voice must not be empty or longer than {seconds:g} seconds.",
                seconds=_LONGEST_SECONDS,
            )
        )
    if not np.isfinite(samples).all():
        return _bad(Message("The recording of the voice has samples that are no numbers."))
    return np.clip(samples.astype(np.float32), -1.0, 1.0)


def _bad(message: str) -> ChunkError:
    return ChunkError("bad_reference", message)
