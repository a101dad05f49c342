"""Runs in steps that are objects of their own, so that no step knows of the others more than it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voxq.kinds.work import KindRun

if TYPE_CHECKING:
    from voxq.processes.model.protocol import ChunkRef

SPEAKERS = "speakers"
"""Name of the step that says who speaks."""


class KindStep(ABC):
    """The kind's part of one step of a run. Its methods are those of `KindRun` with the same names, for this
    step alone."""

    @abstractmethod
    def batch_key(self) -> str: ...

    @abstractmethod
    def ref(self, index: int) -> ChunkRef: ...

    @abstractmethod
    def conditions(self, revision: str) -> Sequence[str]: ...

    @abstractmethod
    def record(self, result: Any) -> dict[str, Any]: ...

    @abstractmethod
    def recorded(self, piece: Any, record: dict[str, Any]) -> Any | None: ...

    def next_chunk(self, pieces: Sequence[Any]) -> int:
        return 1

    def joined(self, pieces: Sequence[Any]) -> Any:
        (piece,) = pieces
        return piece

    @property
    def is_serial(self) -> bool:
        return False

    def taken(self, result: Any) -> None:
        return

    def pieces_for(self, piece: Any, result: Any) -> Iterable[Any]:
        return ()

    def last_pieces(self) -> Iterable[Any]:
        return ()

    def earlier_pieces(self) -> Iterable[Any]:
        return ()

    def sound_pieces(self, piece: Any) -> Iterable[Any]:
        return ()

    def closing_pieces(self) -> Iterable[Any]:
        return ()

    def result(self) -> dict[str, Any]:
        return {}


class RunInSteps(KindRun):
    """Run of which each step is an object."""

    steps: Mapping[str, KindStep]
    """Every step of the kind by its name, also those that this run does without."""

    def batch_key(self, step: str) -> str:
        return self.steps[step].batch_key()

    def ref(self, step: str, index: int) -> ChunkRef:
        return self.steps[step].ref(index)

    def conditions(self, step: str, revision: str) -> Sequence[str]:
        return self.steps[step].conditions(revision)

    def record(self, step: str, result: Any) -> dict[str, Any]:
        return self.steps[step].record(result)

    def recorded(self, step: str, piece: Any, record: dict[str, Any]) -> Any | None:
        return self.steps[step].recorded(piece, record)

    def next_chunk(self, step: str, pieces: Sequence[Any]) -> int:
        return self.steps[step].next_chunk(pieces)

    def joined(self, step: str, pieces: Sequence[Any]) -> Any:
        return self.steps[step].joined(pieces)

    def is_serial(self, step: str) -> bool:
        return self.steps[step].is_serial

    def taken(self, step: str, result: Any) -> None:
        self.steps[step].taken(result)

    def pieces_for(self, step: str, piece: Any, result: Any) -> Iterable[Any]:
        return self.steps[step].pieces_for(piece, result)

    def last_pieces_for(self, step: str) -> Iterable[Any]:
        return self.steps[step].last_pieces()

    def earlier_pieces_for(self, step: str) -> Iterable[Any]:
        return self.steps[step].earlier_pieces()

    def sound_pieces_for(self, step: str, piece: Any) -> Iterable[Any]:
        return self.steps[step].sound_pieces(piece)

    def closing_pieces_for(self, step: str) -> Iterable[Any]:
        return self.steps[step].closing_pieces()

    def step_result(self, step: str) -> dict[str, Any]:
        return self.steps[step].result()
