"""Results of single texts, and of texts that were rewritten in parts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from voxq.engines.contract import Rewritten
from voxq.engines.rewrite.items import RAW
from voxq.llm.errors import ProviderError
from voxq.llm.provider import Provider
from voxq.locale import Message
from voxq.rewriting import light
from voxq.rewriting.checks import Verdict, check
from voxq.rewriting.outcomes import Part, joined
from voxq.rewriting.request import Mode, Rewrite

_RULES_SERVE = frozenset({Mode.OPTIMIZE, Mode.FORMAT})
"""Modes in which the rules take over: they do less of the same. In the others they would do something
else."""
UNFAITHFUL = "unfaithful"
NO_MODEL = "no_language_model"


def accepted(answer: str, mode: Mode, verdict: Verdict) -> Part:
    """Make the outcome for a faithful answer."""
    return Part(answer, mode.value, dict(verdict.checks), verdict.changes.to_json())


def refused(rewrite: Rewrite, verdict: Verdict) -> Part:
    """Make the outcome where no answer was faithful: what the rules make of the text, or the text itself."""
    reason = Message(
        "What the model wrote was not faithful to the text: {problem}", problem=verdict.reason or ""
    )
    if rules_serve(rewrite.mode):
        return replace(_by_rules(rewrite), checks=dict(verdict.checks), reason=reason, reason_code=UNFAITHFUL)
    return Part(rewrite.text, RAW, dict(verdict.checks), reason=reason, reason_code=UNFAITHFUL)


def rules_serve(mode: Mode) -> bool:
    """Whether the rules take over in a mode where a model cannot be relied on, or cannot be asked."""
    return mode in _RULES_SERVE


def instead(rewrite: Rewrite, error: ProviderError) -> Part:
    """Make the outcome where a provider failed, in a mode in which `rules_serve`."""
    return replace(_by_rules(rewrite), reason=error.message, reason_code=error.code)


def together(
    rewrite: Rewrite, pieces: Sequence[Rewrite], outcomes: Sequence[Part], provider: Provider, started: float
) -> Rewritten:
    """Join the outcomes for consecutive pieces of a text. In the mode custom, and where nothing of a summary
    is left, one piece that was refused makes the whole text come back as it was."""
    failed = [each for each in outcomes if each.reason is not None]
    if failed and rewrite.mode in (Mode.CUSTOM, Mode.SUMMARY):
        whole = replace(failed[0], text=rewrite.text)
        return one(whole, provider, started)
    return one(joined([piece.text for piece in pieces], outcomes), provider, started)


def by_rules(rewrite: Rewrite, started: float, reason: str | None = None) -> Rewritten:
    """Make the result of the rules where there is no model to ask; `reason` says so if one was wanted."""
    return one(replace(_by_rules(rewrite), reason=reason, reason_code=reason and NO_MODEL), None, started)


def raw(rewrite: Rewrite, started: float, reason: str) -> Rewritten:
    """Make the result where nothing is done."""
    return one(Part(rewrite.text, RAW, reason=reason, reason_code=NO_MODEL), None, started)


def _by_rules(rewrite: Rewrite) -> Part:
    text = light.light(rewrite.text, rewrite.language)
    verdict = check(replace(rewrite, mode=Mode.LIGHT), text)
    if not verdict.passed:
        return Part(rewrite.text, RAW, dict(verdict.checks))
    return Part(text, Mode.LIGHT.value, dict(verdict.checks), verdict.changes.to_json())


def one(part: Part, provider: Provider | None, started: float) -> Rewritten:
    """Make the result of one outcome; `started` by `time.perf_counter`."""
    return Rewritten(
        part.text,
        part.mode,
        part.checks,
        part.changes,
        provider.model if provider else None,
        provider.name if provider else None,
        round(time.perf_counter() - started, 3),
        part.reason,
        part.reason_code,
    )
