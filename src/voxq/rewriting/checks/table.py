"""Which checks an answer must pass in each mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from voxq.locale import Message
from voxq.rewriting.checks import extent, facts, language, letters, questions, support
from voxq.rewriting.checks.compared import Compared
from voxq.rewriting.checks.verdict import Verdict
from voxq.rewriting.outcomes import OK
from voxq.rewriting.request import Mode, Rewrite

Check = Callable[[Compared], Message | None]
"""Compares; returns why the answer fails, or None."""

_FACTS: Mapping[str, Check] = {
    "numbers": facts.numbers_in_order,
    "dates": facts.dates_in_order,
    "names": facts.names_kept,
    "negations": facts.negations,
    "questions": questions.questions,
}
_EXTENT: Mapping[str, Check] = {"length": extent.length, "edits": extent.edits}
_LANGUAGE: Mapping[str, Check] = {"language": language.language, "script": language.script}
_SUPPORTED: Mapping[str, Check] = {
    "numbers": facts.numbers_supported,
    "dates": facts.dates_supported,
    "names": facts.names_supported,
}

TABLE: Mapping[Mode, Mapping[str, Check]] = MappingProxyType(
    {
        Mode.LIGHT: {**_FACTS, **_EXTENT, **_LANGUAGE},
        Mode.OPTIMIZE: {**_FACTS, **_EXTENT, **_LANGUAGE},
        Mode.FORMAT: {**_FACTS, **_EXTENT, **_LANGUAGE},
        Mode.PUNCTUATE: {"letters": letters.letters},
        Mode.SUMMARY: {
            **_SUPPORTED,
            "form": support.form,
            "times": support.times,
            "support": support.support,
            "length": extent.length,
            **_LANGUAGE,
        },
        Mode.TRANSLATE: {
            "language": language.language,
            "numbers": facts.numbers_translated,
            "dates": facts.dates_translated,
            "questions": questions.questions,
            "length": extent.length,
        },
        # The client may want anything: only inventions are found.
        Mode.CUSTOM: {**_SUPPORTED, "length": extent.length},
    }
)
"""Mode -> name of a check -> the check. In a summary and by a client's wish, facts may be left out, and none
added; in the other modes they stay, in their order."""


def adds_nothing(rewrite: Rewrite, begun: str) -> bool:
    """Whether the beginning of an answer has no number, date or name that the transcript has not."""
    compared = Compared(rewrite, begun)
    return all(run(compared) is None for run in _SUPPORTED.values())


def check(rewrite: Rewrite, answer: str) -> Verdict:
    """Compare a cleaned answer with the transcript that it was made from."""
    compared = Compared(rewrite, answer)
    results = {name: run(compared) for name, run in TABLE[rewrite.mode].items()}
    return Verdict(
        passed=all(failed is None for failed in results.values()),
        checks=MappingProxyType({name: failed or OK for name, failed in results.items()}),
        changes=compared.difference.changes,
    )
