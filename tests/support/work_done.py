"""Check that the engines of a stack have done no work twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from audit import Run
from stack import RunningStack

from voxq.core.outcome import Outcome
from voxq.engines.warmup import LONG_SENTENCE, SHORT_SENTENCE

_WARM_UP_CALLS = 3


def chunks(stack: RunningStack) -> list[Any]:
    """Chunks that the recognisers got, without those of the warm-up."""
    seen: Counter[int] = Counter()
    given: list[Any] = []
    for line in (stack.root / "calls.jsonl").read_text().splitlines():
        call = json.loads(line)
        seen[call["pid"]] += 1
        given += call["chunks"] if seen[call["pid"]] > _WARM_UP_CALLS else []
    return given


def sentences(stack: RunningStack) -> list[str]:
    """Sentences that the synthesisers got, without those of the warm-up."""
    return [each for each in stack.spoken() if each not in (SHORT_SENTENCE, LONG_SENTENCE)]


def assert_done_once(stack: RunningStack, ends: Mapping[Run, Outcome]) -> None:
    """Assert that no chunk or sentence was done twice. `ends`: the ends of all runs."""
    to_do: Counter[str] = Counter()
    for run, outcome in ends.items():
        end = stack.parts.journal.ended(*run)
        assert end is not None
        to_do[end.task.kind] += len(outcome.segments)
    done = {"asr": len(chunks(stack)), "tts": len(sentences(stack))}
    assert done == {kind: to_do[kind] for kind in done}, "something was done again"
