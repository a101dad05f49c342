"""What became of the parts of a text, and so of the whole of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voxq.locale import Message
from voxq.rewriting import parts

OK = "ok"
"""What is said of a check that found nothing wrong."""


class Outcome(Protocol):
    """What became of one part; see `voxq.engines.contract.Rewritten`."""

    @property
    def text(self) -> str: ...

    @property
    def mode(self) -> str: ...

    @property
    def checks(self) -> Mapping[str, str]: ...

    @property
    def changes(self) -> Mapping[str, int]: ...

    @property
    def reason(self) -> str | None: ...

    @property
    def reason_code(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """The outcome for one part of a text."""

    text: str
    mode: str
    checks: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None
    reason_code: str | None = None


def joined(texts: Sequence[str], outcomes: Sequence[Outcome]) -> Part:
    """Return the outcome for the text that consists of `texts`, at least one, given that for each of them.

    Its mode is that of the parts that became what was asked for, if any did. A check that failed in a part
    has failed, and says what the first of these failures says; so does the reason.
    """
    failed = [each for each in outcomes if each.reason is not None]
    faithful = [each for each in outcomes if each.reason is None]
    return Part(
        outcomes[0].text if len(outcomes) == 1 else parts.joined(texts, [each.text for each in outcomes]),
        (faithful or failed)[0].mode,
        _checks(outcomes),
        _sum(outcomes),
        _reason(failed, len(outcomes)),
        failed[0].reason_code if failed else None,
    )


def _checks(outcomes: Sequence[Outcome]) -> dict[str, str]:
    checks: dict[str, str] = {}
    for each in outcomes:
        for name, found in each.checks.items():
            if checks.get(name, OK) == OK:
                checks[name] = found
    return checks


def _sum(outcomes: Sequence[Outcome]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in outcomes:
        total.update(each.changes)
    return dict(total)


def _reason(failed: Sequence[Outcome], number: int) -> str | None:
    if not failed or number == 1:
        return failed[0].reason if failed else None
    return Message(
        "{failed} of {number} parts: {reason}", failed=len(failed), number=number, reason=failed[0].reason
    )
