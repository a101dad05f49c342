"""Interface between the model process and a model of any capability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from voxq.engines.contract import ChunkError, Cost
from voxq.processes.model.protocol import ChunkRef, Result

Answer: TypeAlias = Result | ChunkError


class ServedModel(Protocol):
    """A loaded model that processes batches."""

    @property
    def revision(self) -> str:
        """Identification of the weights."""
        ...

    def measure(self) -> Cost:
        """Warm the model up and measure the cost of an item. Raises EngineError."""
        ...

    def read(self, ref: ChunkRef) -> Any:
        """Return the input of `call` for this chunk, or a ChunkError."""
        ...

    def call(self, batch: Sequence[Any]) -> Sequence[Answer]:
        """Return one result for each input, in order. Raises only if the whole batch failed."""
        ...


@runtime_checkable
class MeasurableModel(ServedModel, Protocol):
    """A model that has several layouts, see `EngineFamily.layouts_for`."""

    def short_speed(self, items: int) -> float:
        """Measure the seconds of sound in a second, in calls of so many short chunks. Raises EngineError."""
        ...

    def long_speed(self, items: int) -> float:
        """Measure the same in calls of so many long chunks. Raises EngineError."""
        ...
