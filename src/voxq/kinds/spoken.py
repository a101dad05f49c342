"""Sentences of a spoken text as clients know them: pieces of one sentence are one segment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

from voxq.kinds.pieces import Phrase
from voxq.processes.model.protocol import KeptSpeech
from voxq.speech.transcript import Segment

_NOWHERE = (0.0, 0.0)

Finished = Iterable[tuple[Phrase, KeptSpeech]]
"""Phrases with a result, in order."""
_Part = tuple[Phrase, KeptSpeech, tuple[float, float]]


def segments_of(finished: Finished, times: Sequence[tuple[float, float]] | None = None) -> list[Segment]:
    """Make the segments. `times`: start and end of each phrase in seconds; None while they are not known."""
    sentences: list[list[_Part]] = []
    places = repeat(_NOWHERE) if times is None else times
    for (phrase, kept), place in zip(finished, places, strict=times is not None):
        part = (phrase, kept, place)
        if phrase.joint is not None and sentences:
            sentences[-1].append(part)
        else:
            sentences.append([part])
    return [_segment(parts) for parts in sentences]


def _segment(parts: Sequence[_Part]) -> Segment:
    """Make the segment of one sentence from its pieces, at least one."""
    heard = [(phrase.joint, kept.spoken or phrase.text) for phrase, kept, _ in parts if kept.samples]
    (_, _, (start, _)), (_, _, (_, end)) = parts[0], parts[-1]
    text = _joined((phrase.joint, phrase.text) for phrase, _, _ in parts)
    return Segment(text, start, end, spoken=_joined(heard) if heard else None)


def _joined(pieces: Iterable[tuple[str | None, str]]) -> str:
    return "".join(f"{joint or ''}{text}" for joint, text in pieces).strip()
