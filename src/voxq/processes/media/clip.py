"""Copying a part of a recording, decoded, into a file of its own."""

from __future__ import annotations

import wave

import numpy as np

from voxq.processes.media.process import private_file
from voxq.processes.media.protocol import Clip
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.decode import decode_blocks

_LARGEST = 32767


def clip(request: Clip) -> float:
    """Write the clip and return its seconds. What comes after it is not decoded.

    Raises AudioError as `Decoding` does, and OSError if the file cannot be written.
    """
    first = round(request.start * SAMPLE_RATE)
    last = first + round(request.seconds * SAMPLE_RATE)
    place = written = 0
    with private_file(request.clip) as file, wave.open(file, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        for block in decode_blocks(request.path, request.max_seconds):
            part = block[max(0, first - place) : max(0, last - place)]
            writer.writeframes((np.clip(part, -1, 1) * _LARGEST).round().astype("<i2").tobytes())
            place += len(block)
            written += len(part)
            if place >= last:
                break
    return written / SAMPLE_RATE
