"""Differences between what was said and what was made of it, with times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voxq.rewriting.differences import Operation, Word, difference
from voxq.rewriting.retiming import Time, spoken_text, word_times
from voxq.speech.transcript import Transcript

Json = dict[str, Any]


def of_transcript(transcript: Transcript, text: str) -> list[Json]:
    """Return the steps from the text of a transcript to another one, in order, as `{"op", "raw", "rewritten",
    "start", "end"}`; `op` is "equal", "delete", "insert" or "replace".

    All of `raw` together are the text of the transcript's segments, and all of `rewritten` are `text`; white
    space belongs to the words before it, and makes no difference. Times are those of the words that were
    said, in seconds, and never run backwards; what was put in is said at the end of the words before it.
    """
    raw = spoken_text(transcript)
    found = difference(raw, text)
    times = word_times(transcript, found.raw)
    steps = _steps(raw, text, found.raw, found.rewritten, found.operations)
    latest = 0.0
    for step, operation in zip(steps, found.operations, strict=False):
        start, end = _times(operation, times, latest)
        latest = max(latest, end)
        step |= {"start": round(start, 3), "end": round(max(start, end), 3)}
    return steps


def of_texts(raw: str, text: str) -> list[Json]:
    """Return the steps from one text to another as `of_transcript`, without times."""
    found = difference(raw, text)
    return _steps(raw, text, found.raw, found.rewritten, found.operations)


def _steps(
    raw: str,
    text: str,
    words: Sequence[Word],
    rewritten: Sequence[Word],
    operations: Sequence[Operation],
) -> list[Json]:
    if not operations:
        return [{"op": "equal", "raw": raw, "rewritten": text}] if raw or text else []
    befores = _slices(raw, words, [each.raw for each in operations])
    afters = _slices(text, rewritten, [each.rewritten for each in operations])
    return [
        {"op": each.kind, "raw": before, "rewritten": after}
        for each, before, after in zip(operations, befores, afters, strict=True)
    ]


def _slices(text: str, words: Sequence[Word], ranges: Sequence[range]) -> list[str]:
    """Cut a text before the first word of each range; white space before the first word goes with it."""
    cuts = [words[each.start].start if each.start < len(words) else len(text) for each in ranges]
    cuts = [0 if not each.start else cut for each, cut in zip(ranges, cuts, strict=True)]
    return [text[first:end] for first, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def _times(operation: Operation, times: Sequence[Time], latest: float) -> tuple[float, float]:
    if not operation.raw:
        before = times[operation.raw.start - 1].end if operation.raw.start else latest
        return max(before, latest), max(before, latest)
    said = times[operation.raw.start : operation.raw.stop]
    return max(latest, said[0].start), max(latest, max(each.end for each in said))
