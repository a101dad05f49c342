"""Validation of results. A model library can return anything, but only plausible values leave the process.

An invalid result is an error of its own chunk; the other chunks of the batch keep their results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from voxq.engines.contract import (
    ChunkError,
    Draft,
    Dropped,
    Embedding,
    Recognised,
    Rewritten,
    Segment,
    Spoken,
    Word,
)
from voxq.locale import Message
from voxq.processes.model.protocol import LONGEST_DRAFT

_MOST_CHARACTERS = 20_000
"""Maximum characters of a chunk, or of a sentence as it was read out; nobody says so much in half a
minute."""
_LONGEST_LANGUAGE = 35
"""Maximum characters of the code of a language."""
_MOST_REWRITTEN, _GROWTH = 50_000, 20
"""Maximum characters of a rewriting: so many, and so many for each of the text."""
_MOST_FACTS, _LONGEST_FACT = 50, 1000
_SLOWEST_CHARACTERS_PER_SECOND = 1.0
_LEAST_SECONDS = 60.0
"""Audio that is allowed even for the shortest sentence."""
_MOST_NUMBERS = 4096
"""Maximum length of a vector."""
_DIGITS = 7
"""Decimals of the numbers of a vector of unit length: as exact as 32 bits are."""
_LENGTH_TOLERANCE = 1e-3
_RATES = range(8_000, 192_001)
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
_CONTROLS_IN_LINES = {code: space for code, space in _CONTROLS.items() if code != ord("\n")}

_NONSENSE = ChunkError("engine_error", Message("The model returned an invalid result for this audio."))
_TOO_MUCH = ChunkError(
    "engine_error", Message("The model found far more text in this audio than it can contain.")
)
_NO_SOUND = ChunkError("engine_error", Message("The model returned invalid audio for this text."))
_NO_TEXT = ChunkError("engine_error", Message("The model returned an invalid result for this text."))
_TOO_LONG = ChunkError("engine_error", Message("The model's speech is far longer than this text can be."))


def checked_text(answer: object, seconds: float) -> Recognised | ChunkError:
    """Check the result for a chunk of `seconds`: limit all times to it and remove control characters from
    texts."""
    if isinstance(answer, ChunkError):
        return answer
    if not isinstance(answer, Recognised):
        return _NONSENSE
    try:
        if sum(map(_length, answer.segments)) > _MOST_CHARACTERS:
            return _TOO_MUCH
        if sum(max(1, len(each.text), len(each.why)) for each in answer.dropped) > _MOST_CHARACTERS:
            return _TOO_MUCH
        segments = tuple(_segment(segment, seconds) for segment in answer.segments)
        dropped = tuple(_dropped(each, seconds) for each in answer.dropped)
        return replace(answer, segments=segments, language=_language(answer.language), dropped=dropped)
    except (AttributeError, TypeError, ValueError):
        return _NONSENSE


def checked_sound(answer: object, text: str, speed: float) -> Spoken | ChunkError:
    """Check the result for a sentence: it must be finite float32 samples in one channel, and is limited to
    -1.0 to 1.0."""
    if isinstance(answer, ChunkError):
        return answer
    if not isinstance(answer, Spoken) or answer.sample_rate not in _RATES:
        return _NO_SOUND
    try:
        samples = np.asarray(answer.samples, dtype=np.float32)
    except (TypeError, ValueError):
        return _NO_SOUND
    if samples.ndim != 1 or not np.isfinite(samples).all():
        return _NO_SOUND
    longest = max(_LEAST_SECONDS, len(text) / _SLOWEST_CHARACTERS_PER_SECOND) / min(1.0, speed)
    if len(samples) > longest * answer.sample_rate:
        return _TOO_LONG
    said = _clean(answer.text)[:_MOST_CHARACTERS] if isinstance(answer.text, str) else None
    return Spoken(np.clip(samples, -1.0, 1.0), int(answer.sample_rate), said)


def checked_rewriting(answer: object, text: str) -> Rewritten | ChunkError:
    """Check the result for a text: of its length, and without control characters except line ends."""
    if isinstance(answer, ChunkError):
        return answer
    if not isinstance(answer, Rewritten):
        return _NO_TEXT
    try:
        if len(answer.text) > _MOST_REWRITTEN + _GROWTH * len(text):
            return _NO_TEXT
        if len(answer.checks) + len(answer.changes) > _MOST_FACTS or not math.isfinite(answer.seconds):
            return _NO_TEXT
        return Rewritten(
            _clean(answer.text, _CONTROLS_IN_LINES),
            _clean(answer.mode)[:_LONGEST_FACT],
            {_clean(name): _said(says) for name, says in answer.checks.items()},
            {_clean(name): max(0, int(number)) for name, number in answer.changes.items()},
            _optional(answer.model),
            _optional(answer.provider),
            max(0.0, float(answer.seconds)),
            None if answer.reason is None else _said(answer.reason),
            _optional(answer.reason_code),
        )
    except (AttributeError, TypeError, ValueError):
        return _NO_TEXT


def checked_draft(draft: Draft) -> Draft:
    """Check how far a text is that is being rewritten: its share from 0 to 1, and the text as of a result."""
    share = min(1.0, max(0.0, draft.share)) if math.isfinite(draft.share) else 0.0
    return Draft(_clean(draft.text, _CONTROLS_IN_LINES)[:LONGEST_DRAFT], share)


def checked_vector(answer: object) -> tuple[float, ...] | ChunkError:
    """Check the vector of a stretch of sound: it must be finite and of unit length."""
    if isinstance(answer, ChunkError):
        return answer
    if not isinstance(answer, Embedding):
        return _NONSENSE
    try:
        if len(answer.vector) > _MOST_NUMBERS:
            return _NONSENSE
        vector = tuple(round(float(number), _DIGITS) for number in answer.vector)
    except (TypeError, ValueError, OverflowError):
        return _NONSENSE
    is_unit = abs(math.hypot(*vector) - 1.0) < _LENGTH_TOLERANCE
    return vector if is_unit else _NONSENSE  # numbers that are not finite have no length


def _said(text: str) -> str:
    """Check a sentence, which stays what can be translated if it is in order."""
    return text if text.isprintable() and len(text) <= _LONGEST_FACT else _clean(text)[:_LONGEST_FACT]


def _optional(name: str | None) -> str | None:
    return None if name is None else _clean(name)[:_LONGEST_FACT]


def _length(segment: Segment) -> int:
    """Return the length of a segment's longest text, in characters, with that of the names in it; an empty
    text counts as one."""
    words = sum(max(1, len(word.text)) for word in segment.words)
    names = sum(max(1, len(name)) for name in segment.events) + len(segment.emotion or "")
    return max(1, len(segment.text), len(segment.raw_text or ""), words) + names


def _segment(segment: Segment, seconds: float) -> Segment:
    start, end = _within(segment.start, segment.end, seconds)
    return replace(
        segment,
        text=_clean(segment.text),
        raw_text=None if segment.raw_text is None else _clean(segment.raw_text),
        start=start,
        end=end,
        words=tuple(_word(word, seconds) for word in segment.words),
        emotion=None if segment.emotion is None else _clean(segment.emotion),
        events=tuple(map(_clean, segment.events)),
        language=_language(segment.language),
    )


def _language(code: str | None) -> str | None:
    """Check the code of a language, which becomes part of results and log lines. Raises ValueError."""
    if code is None:
        return None
    if len(code) > _LONGEST_LANGUAGE:
        raise ValueError("not a language")
    return _clean(code)


def _dropped(dropped: Dropped, seconds: float) -> Dropped:
    start, end = _within(dropped.start, dropped.end, seconds)
    return Dropped(_clean(dropped.text), start, end, _clean(dropped.why))


def _word(word: Word, seconds: float) -> Word:
    start, end = _within(word.start, word.end, seconds)
    return Word(_clean(word.text), start, end)


def _within(start: float, end: float, seconds: float) -> tuple[float, float]:
    """Limit times to the chunk. Raises ValueError for a value that is not a finite number."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError("not a time")
    start = min(max(0.0, float(start)), seconds)
    return start, min(max(start, float(end)), seconds)


def _clean(text: str, controls: Mapping[int, str] = _CONTROLS) -> str:
    """Replace an unpaired surrogate by U+FFFD and each of these control characters by a space, so that the
    text can be encoded and displayed."""
    if text.isprintable():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(controls)
