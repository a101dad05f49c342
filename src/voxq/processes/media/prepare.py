"""Preparation of a recording for an engine: decoding into a scratch file and splitting into chunks."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import BinaryIO

from voxq.processes.media.cutting import Cutting, cutting_for
from voxq.processes.media.process import private_file
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
    preparation = _Preparation(request)
    with private_file(request.scratch) as scratch:
        sound = preparation.decoding(0 if request.separate else None)
        last = yield from preparation.run(sound, scratch)
        starts = [0]
        if request.separate and sound.has_two_channels:
            yield last
            starts.append(preparation.samples)
            last = yield from preparation.run(preparation.decoding(1), scratch)
    assert sound.taken is not None
    yield Prepared(
        request.id,
        sound.duration,
        round(preparation.decode_seconds, 4),
        round(preparation.vad_seconds, 4),
        sound.tracks,
        sound.taken.index,
        tuple(starts),
        last,
    )


class _Preparation:
    """Preparation of one recording; separate channels follow each other in the scratch file."""

    def __init__(self, request: Prepare) -> None:
        self._request = request
        self.samples = 0
        """Samples in the scratch file."""
        self.decode_seconds = self.vad_seconds = 0.0

    def decoding(self, channel: int | None) -> Decoding:
        asked = self._request
        return Decoding(asked.path, asked.max_seconds, track=asked.audio_track, channel=channel)

    def run(self, sound: Decoding, scratch: BinaryIO) -> Generator[Chunks, None, Chunks]:
        """Write a sound to the end of the scratch file, announce its chunks, and return the last of them."""
        cutting = cutting_for(self._request.chunking, use_vad=self._request.use_vad)
        first = self.samples
        told = begun = time.perf_counter()
        for block in sound:
            scratch.write(block.astype("<f4", copy=False).data)
            self.samples += len(block)
            decoded = time.perf_counter()
            chunks = cutting.push(block)
            found = time.perf_counter()
            self.decode_seconds += decoded - begun
            self.vad_seconds += found - decoded
            if chunks or found - told > _SIGN_OF_LIFE:
                scratch.flush()  # before the chunks are announced, so that they can be read
                yield self._announced(chunks, cutting, first)
                told = found
            begun = time.perf_counter()
        scratch.flush()
        self.decode_seconds += time.perf_counter() - begun
        begun = time.perf_counter()
        chunks = cutting.flush()
        self.vad_seconds += time.perf_counter() - begun
        return self._announced(chunks, cutting, first)

    def _announced(self, chunks: list[Span], cutting: Cutting, first: int) -> Chunks:
        places = tuple((first + chunk.start, first + chunk.end) for chunk in chunks)
        rests = tuple(first + rest for chunk in chunks for rest in cutting.rests(chunk))
        return Chunks(self._request.id, places, round(self.samples / SAMPLE_RATE, 3), rests)
