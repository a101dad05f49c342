"""What the comparison of an answer with its transcript gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voxq.rewriting.differences import Changes
from voxq.rewriting.outcomes import OK


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of all checks that the mode asks for."""

    passed: bool
    checks: Mapping[str, str]
    """Name of a check -> "ok", or why it failed: a `voxq.locale.Message`."""
    changes: Changes
    """Words that the answer changed."""

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in the order of the table, as `prompts.messages` takes them."""
        return tuple(name for name, said in self.checks.items() if said != OK)

    @property
    def reason(self) -> str | None:
        """Why the first check failed that did; None if all passed."""
        return next((said for said in self.checks.values() if said != OK), None)
