"""Preparation of a recording for an engine: decoding into a scratch file and splitting into chunks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import BinaryIO

from voxq.processes.media.cutting import cutting_for
from voxq.processes.media.protocol import Chunks, Prepare, Prepared
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.decode import Decoding
from voxq.speech.spans import Span

_SIGN_OF_LIFE = 1.0
"""Seconds without a chunk after which progress is reported all the same."""


def prepare(request: Prepare) -> Iterator[Chunks | Prepared]:
    """Decode the recording and yield messages as chunks are found.

    Raises AudioError as `Decoding` does, and OSError if the scratch file cannot be written.
    """
    cutting = cutting_for(request.chunking, use_vad=request.use_vad)
    blocks = Decoding(request.path, request.max_seconds, track=request.audio_track)
    samples = 0
    decode_seconds = vad_seconds = 0.0
    told = begun = time.perf_counter()
    with _created(request.scratch) as scratch:
        for block in blocks:
            scratch.write(block.astype("<f4", copy=False).data)
            samples += len(block)
            decoded = time.perf_counter()
            chunks = cutting.push(block)
            found = time.perf_counter()
            decode_seconds += decoded - begun
            vad_seconds += found - decoded
            if chunks or found - told > _SIGN_OF_LIFE:
                scratch.flush()  # before the chunks are announced, so that they can be read
                yield _announced(request, chunks, samples)
                told = found
            begun = time.perf_counter()
        scratch.flush()
        decode_seconds += time.perf_counter() - begun
    begun = time.perf_counter()
    chunks = cutting.flush()
    vad_seconds += time.perf_counter() - begun
    yield _announced(request, chunks, samples)
    assert blocks.taken is not None
    yield Prepared(
        request.id,
        blocks.duration,
        round(decode_seconds, 4),
        round(vad_seconds, 4),
        blocks.tracks,
        blocks.taken.index,
    )


def _announced(request: Prepare, chunks: list[Span], samples: int) -> Chunks:
    return Chunks(request.id, tuple((c.start, c.end) for c in chunks), round(samples / SAMPLE_RATE, 3))


def _created(path: os.PathLike[str]) -> BinaryIO:
    """Create a new, empty file that only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
