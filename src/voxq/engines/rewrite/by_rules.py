"""Rewriting by rules alone: no model is asked."""

from __future__ import annotations

import time
from collections.abc import Sequence

from voxq.engines.contract import ChunkError, Rewritten, TextItem
from voxq.engines.rewrite.items import read
from voxq.engines.rewrite.results import by_rules, raw
from voxq.locale import Message
from voxq.rewriting.request import Mode, Rewrite

_NO_MODEL = Message("No language model is set up here; see LLM_PROVIDERS.")


class ByRules:
    """The mode light. In other modes it does what can be done without a model, and says so."""

    revision = "light:1"

    def run(self, batch: Sequence[TextItem]) -> list[Rewritten | ChunkError]:
        return [self._rewritten(item) for item in batch]

    def _rewritten(self, item: TextItem) -> Rewritten | ChunkError:
        rewrite = read(item)
        if isinstance(rewrite, ChunkError):
            return rewrite
        return without_model(rewrite, time.perf_counter())


def without_model(rewrite: Rewrite, started: float) -> Rewritten:
    """Rewrite by rules where the mode allows it; `started` by `time.perf_counter`."""
    match rewrite.mode:
        case Mode.LIGHT:
            return by_rules(rewrite, started)
        case Mode.OPTIMIZE | Mode.FORMAT:
            return by_rules(rewrite, started, reason=_NO_MODEL)
        case _:
            return raw(rewrite, started, reason=_NO_MODEL)
