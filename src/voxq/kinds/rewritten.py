"""Texts that are rewritten: the passages of a text, and what became of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

from voxq.engines.contract import Rewritten
from voxq.kinds.pieces import Passage
from voxq.locale import Message
from voxq.rewriting import parts
from voxq.rewriting.request import NEEDS_MODEL, Mode
from voxq.speech.sentences import spoken_seconds

REWRITE = "rewrite"
"""Name of the step, and the capability that it needs."""

LONGEST_PROMPT = 4000
"""Characters of a client's own prompt."""
LIGHT = "light"
"""Model of the mode that asks no language model."""
ModeName = Literal["light", "optimize", "format", "punctuate", "summary", "translate", "custom"]
"""Names of `voxq.rewriting.request.Mode`."""

_OK = "ok"
_PASSAGE_TOKENS = 1500
"""Tokens of a passage: short enough for progress to be seen and little to be lost with a worker, and for
models not to leave things out."""
_WHOLE = frozenset({Mode.SUMMARY, Mode.CUSTOM})
"""Modes that need the whole text at once."""


def passages_of(text: str, mode: Mode) -> list[Passage]:
    """Cut a text into passages, at sentences, for a mode that allows it."""
    texts = (text,) if mode in _WHOLE else parts.split(text, _PASSAGE_TOKENS)
    passages: list[Passage] = []
    start = 0
    for each in texts:
        passages.append(Passage(start, start + len(each), each, spoken_seconds(each)))
        start += len(each)
    return passages


def model_for(mode: Mode, provider: str | None) -> str | None:
    """Return the name of the model for a mode; None for the default one."""
    return provider if mode in NEEDS_MODEL else LIGHT


def digest_of(text: str) -> str:
    """Return a digest that identifies a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def record_of(result: Rewritten) -> dict[str, Any]:
    """Return the record of a rewritten passage."""
    return asdict(result)


def recorded(record: dict[str, Any]) -> Rewritten:
    """Read what `record_of` returned. Raises KeyError, TypeError or ValueError for another record."""
    return Rewritten(
        str(record["text"]),
        str(record["mode"]),
        dict(record["checks"]),
        dict(record["changes"]),
        record["model"],
        record["provider"],
        float(record["seconds"]),
        record["reason"],
    )


def joined(finished: Iterable[tuple[Passage, Rewritten]]) -> Rewritten:
    """Join what became of consecutive passages, of which there is at least one.

    A check that failed in one of them has failed; the reason is that of the first that has one.
    """
    passages, results = zip(*finished, strict=True)
    if len(results) == 1:
        return results[0]
    unlike = [each for each in results if each.reason is not None]
    first = results[0]
    return replace(
        first,
        text=parts.joined([each.text for each in passages], [each.text for each in results]),
        mode=unlike[0].mode if len(unlike) == len(results) else _asked_for(results),
        checks=_checks(results),
        changes=dict(sum((Counter(each.changes) for each in results), Counter[str]())),
        seconds=round(sum(each.seconds for each in results), 3),
        reason=_reason(unlike, len(results)),
    )


def facts_of(result: Rewritten) -> dict[str, Any]:
    """Return the result as clients see it."""
    return {name: value for name, value in asdict(result).items() if value is not None}


def _asked_for(results: Sequence[Rewritten]) -> str:
    """Return the mode of the passages that were rewritten as it was asked."""
    return next((each.mode for each in results if each.reason is None), results[0].mode)


def _checks(results: Sequence[Rewritten]) -> dict[str, str]:
    checks: dict[str, str] = {}
    for each in results:
        for name, found in each.checks.items():
            if checks.get(name, _OK) == _OK:
                checks[name] = found
    return checks


def _reason(unlike: Sequence[Rewritten], number: int) -> str | None:
    if not unlike:
        return None
    return Message(
        "{failed} of {number} parts: {reason}",
        failed=len(unlike),
        number=number,
        reason=unlike[0].reason,
    )
