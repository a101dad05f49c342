"""Vectors of the windows of a recording in the model process: embedded and kept chunk by chunk, and at last
the speakers that all of them tell of.

Vectors stay in files of the work directory, half a kilobyte for each window: the worker's parent never has
those of a recording of hours in its hands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voxq.engines.contract import TOO_LITTLE_SPEECH, AudioItem, ChunkError
from voxq.locale import Message
from voxq.processes.model import spans
from voxq.processes.model.answers import checked_vector
from voxq.processes.model.protocol import KeptVectors, SpanRef, SpeakersFound, VectorsRef, WindowsRef
from voxq.speakers.clustering import Count, speakers_of
from voxq.speakers.turns import turns_of

_LONGEST = 120.0
"""Seconds of a chunk with windows."""
_GONE = ChunkError("vectors_unavailable", Message("The voices of this recording are gone."))


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of a chunk with their sound."""

    ref: WindowsRef
    sounds: tuple[AudioItem, ...]


def read(ref: WindowsRef) -> Windows | ChunkError:
    """Read the sound of the windows."""
    first, last = ref.windows[0][0], ref.windows[-1][1]
    whole = spans.read(SpanRef(ref.pcm, first, last, {}), _LONGEST)
    if isinstance(whole, ChunkError):
        return whole
    sounds = (AudioItem(whole.samples[start - first : end - first]) for start, end in ref.windows)
    return Windows(ref, tuple(sounds))


def keep(windows: Windows, answers: Sequence[object]) -> KeptVectors | ChunkError:
    """Write the vectors of the windows that have one to their file."""
    kept: list[tuple[int, int, tuple[float, ...]]] = []
    for (start, end), answer in zip(windows.ref.windows, answers, strict=True):
        if isinstance(answer, ChunkError) and answer.code == TOO_LITTLE_SPEECH.code:
            continue
        vector = checked_vector(answer)
        if isinstance(vector, ChunkError):
            return vector
        kept.append((start, end, vector))
    size = len(kept[0][2]) if kept else 0
    rows = np.array(kept, _row(size)) if kept else np.empty(0, _row(0))
    try:
        _write(windows.ref.vectors, rows)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return ChunkError("storage", Message("The disk is not writable: {reason}.", reason=reason))
    return KeptVectors(len(kept))


def speakers_in(ref: VectorsRef) -> SpeakersFound | ChunkError:
    """Tell the speakers apart by the vectors in the files."""
    try:
        parts = [np.load(file, allow_pickle=False) for file in ref.files]
    except (OSError, ValueError):
        return _GONE
    parts = [part for part in parts if len(part)]
    if not parts:
        return SpeakersFound((), ())
    if len({part.dtype for part in parts}) > 1:
        return _GONE
    rows = np.concatenate(parts)
    places = [(int(start), int(end)) for start, end in zip(rows["start"], rows["end"], strict=True)]
    found = speakers_of(rows["vector"], Count(ref.least, ref.most))
    turns = turns_of(places, rows["vector"], found)
    voices = tuple(tuple(round(float(each), 5) for each in voice) for voice in found.voices)
    return SpeakersFound(tuple((each.start, each.end, each.speaker) for each in turns), voices)


def _row(size: int) -> npt.DTypeLike:
    return np.dtype([("start", "<i8"), ("end", "<i8"), ("vector", "<f2", (size,))])


def _write(path: Path, rows: npt.NDArray[np.void]) -> None:
    """Write the file under another name first, so that it is never there in part. Raises OSError."""
    beside = path.with_suffix(".tmp")
    with beside.open("wb") as file:
        np.save(file, rows, allow_pickle=False)
    beside.replace(path)
