"""What a model process does with its model, whatever that can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from voxq.engines.contract import ChunkError, Cost, Recognised
from voxq.processes.model.protocol import ChunkRef, KeptSpeech

Answer: TypeAlias = Recognised | KeptSpeech | ChunkError


class ServedModel(Protocol):
    """A loaded model and how batches go through it."""

    @property
    def revision(self) -> str:
        """Identifies the weights."""
        ...

    def measure(self) -> Cost:
        """Warm up. Raises EngineError."""
        ...

    def read(self, ref: ChunkRef) -> Any:
        """What `call` needs of this chunk, or a ChunkError."""
        ...

    def call(self, batch: Sequence[Any]) -> Sequence[Answer]:
        """One answer for each of what `read` gave, in order. Raises only when the whole batch failed."""
        ...
