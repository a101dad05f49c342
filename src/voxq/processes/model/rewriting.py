"""Adapter for engines that rewrite in the model process: texts to texts."""

from __future__ import annotations

from collections.abc import Sequence

from voxq.engines.contract import (
    ChunkError,
    Cost,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Rewritten,
    TextItem,
)
from voxq.locale import Message
from voxq.processes.model.answers import checked_rewriting
from voxq.processes.model.protocol import ChunkRef, TextRef

_GUESS = Cost(fixed=1.0, per_second=0.1)
"""Cost of a text: a guess that the worker corrects with every batch. A warm-up would cost money where each
request does, and would fail where a server is away at the moment."""


class Rewriter:
    """Adapter for an engine that rewrites; see `voxq.processes.model.served_model`."""

    def __init__(self, family: EngineFamily, request: EngineRequest, models: ModelPaths) -> None:
        """Load the model. Raises EngineError, or whatever the model library raises."""
        self._engine = family.load(request, models)
        self.revision = self._engine.revision

    def measure(self) -> Cost:
        return _GUESS

    def read(self, ref: ChunkRef) -> TextItem | ChunkError:
        if isinstance(ref, TextRef):
            return TextItem(ref.text, ref.options)
        return ChunkError("bad_chunk", Message("This model rewrites texts, and was given something else."))

    def call(self, batch: Sequence[TextItem]) -> list[Rewritten | ChunkError]:
        answers = self._engine.run(batch)
        return [checked_rewriting(answer, item.text) for item, answer in zip(batch, answers, strict=True)]
