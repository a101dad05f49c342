"""What the checks of engine families share: how they fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from voxq.engines.contract import AnyEngine


class NotConforming(AssertionError):
    """Reports that an engine family breaks the contract; the message says where."""


def check(holds: bool, message: str) -> None:
    """Raise NotConforming unless it holds."""
    if not holds:
        raise NotConforming(message)


def only_answer(answers: Sequence[object]) -> object:
    """Return the answer to a batch of one item."""
    check(len(answers) == 1, f"{len(answers)} answers to one item")
    return answers[0]


def check_revision(engine: AnyEngine, load: Callable[[], AnyEngine]) -> None:
    """Check that the revision is a text, and the same after the next load."""
    check(isinstance(engine.revision, str) and bool(engine.revision), "its revision must be a text")
    json.dumps(engine.revision)
    check(load().revision == engine.revision, "its revision changes from one load to the next")
