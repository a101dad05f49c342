"""What a worker asks of a kind: how one task of it is worked on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from voxq.core.options import Options
from voxq.core.outcome import Outcome
from voxq.core.task import Task
from voxq.engines.contract import Traits, Voice
from voxq.processes.media.join_protocol import Begin, Sound
from voxq.processes.media.protocol import Prepare, Split
from voxq.processes.model.protocol import ChunkRef
from voxq.speech.chinese_script import Script
from voxq.storage.scratch import WorkDirectory


class ModelUnavailable(Exception):
    """A task's model cannot be used here; the message is for its client."""


class Model(Protocol):
    """What is known of a model before it is loaded."""

    @property
    def name(self) -> str: ...

    @property
    def traits(self) -> Traits: ...

    def voice(self, name: str) -> Voice:
        """The voice of this name. Raises ModelUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator has set: it applies where a client asks for nothing."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By kind of task and name of the option, see `Options.over`."""
    script: Script | None = None
    """Of Mandarin; None: as the model writes it."""
    batch_seconds: float = float("inf")
    """Padded seconds of a batch at most, and so of a chunk."""
    max_seconds: float = float("inf")
    """Of a recording."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the media process found out about all of the task's input; all in seconds."""

    duration: float
    decode: float
    vad: float


@dataclass(frozen=True, slots=True)
class Joined:
    """The file is whole: its seconds, the rate of its sound (Hz), the times of its pieces (s)."""

    duration: float
    rate: int
    times: tuple[tuple[float, float], ...]
    encode: float


class Results(Protocol):
    """The pieces of one step, in the order in which they were found, and their results so far."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any:
        """The piece."""
        ...

    def result(self, index: int) -> Any | None:
        """None while it has none."""
        ...

    def finished(self) -> Iterator[tuple[Any, Any]]:
        """Each piece that has a result, with it."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One task in the hands of a worker, as its kind sees it."""

    task: Task
    execution: str
    """Names the files of this attempt."""
    recording: Path
    """The task's file: what came, or what is to be made."""
    directory: WorkDirectory
    defaults: Defaults
    models: Mapping[str, Model]
    """By step."""
    results: Mapping[str, Results]
    """By step."""
    earlier: Outcome | None = None
    """How the run before this one ended, if only one step of it is done again."""

    @property
    def options(self) -> Options:
        """The client's over the operator's."""
        return self.task.options.over(self.defaults.options.get(self.task.kind, {}))


class OutputFile(ABC):
    """The file that a task makes, joined of sounds while they come."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """Where it is joined."""

    @abstractmethod
    def begin(self, id: str) -> Begin:
        """Make way for the file. Called when there are `sounds`. Raises OSError."""

    @abstractmethod
    def sounds(self, first: int, most: int) -> tuple[Sound, ...]:
        """The pieces to be joined next: at most so many from `first` on, as far as they are there without a
        gap."""

    @abstractmethod
    def lost(self) -> Sequence[int]:
        """The pieces whose sound is not there any more."""

    @property
    @abstractmethod
    def hindrance(self) -> tuple[str, str] | None:
        """Code and message of why no file can be made of what there is, now that every piece has a result."""


class KindRun(ABC):
    """How one task is worked on: what a media process and the models are asked, and what is made of their
    answers. Without state but for what it learns from results."""

    disk_per_second: ClassVar[float] = 1.0
    """How much room a second of its sound takes on disk, against decoded sound."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.task = work.task

    @property
    @abstractmethod
    def request(self) -> Prepare | Split:
        """What a media process is asked to do first."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """Seconds of sound that it begins with, as expected: work that is not found yet counts as such."""

    @property
    def batch_seconds(self) -> float:
        """The client's own limit for a batch, in padded seconds; infinity without one."""
        return float("inf")

    @property
    def output(self) -> OutputFile | None:
        """The file that it makes, if it makes one."""
        return None

    @property
    @abstractmethod
    def text(self) -> str:
        """What has been done so far, for who asks how far it is."""

    def duration(self, prepared: Prepared | None, joined: Joined | None) -> float:
        """Seconds of sound, as far as it is known."""
        return prepared.duration if prepared else self.task.duration or 0.0

    def log_line(self, prepared: Prepared, count: int) -> str:
        """What the log says of a prepared task of `count` chunks."""
        return f"chunks={count} decode={prepared.decode:.2f}"

    def condition(self, revision: str) -> str:
        """What results depend on where all that the options say of results matters."""
        return f"{revision}|{self.task.sha256}|{self._conditions}"

    @cached_property
    def _conditions(self) -> str:
        return self.work.options.conditions()

    # Of each step.

    @abstractmethod
    def batch_key(self, step: str) -> str:
        """Chunks of the same model and with the same key may share a batch."""

    @abstractmethod
    def ref(self, step: str, index: int) -> ChunkRef:
        """What the model process is told of a chunk."""

    @abstractmethod
    def conditions(self, step: str, revision: str) -> Sequence[str]:
        """All that the result of a chunk depends on besides its place; the model is of this `revision`. The
        first is written, see `condition`; the others, which mean the same, are of earlier versions."""

    @abstractmethod
    def record(self, step: str, result: Any) -> dict[str, Any]:
        """A finished chunk as it lies on disk."""

    @abstractmethod
    def recorded(self, step: str, piece: Any, record: dict[str, Any]) -> Any | None:
        """The result in a record; None for what is not whole. Raises KeyError, TypeError or ValueError for
        what `record` did not write."""

    def is_serial(self, step: str) -> bool:
        """Whether the next chunk has to wait for the result of the one before."""
        return False

    def taken(self, step: str, result: Any) -> None:
        """A result counts from now on."""
        return

    def pieces_for(self, step: str, piece: Any, result: Any) -> Iterable[Any]:
        """What a step gets to do that works on the results of another, for one of these."""
        return ()

    def earlier_pieces_for(self, step: str) -> Iterable[Any]:
        """All that the step has to do, where only it is done again: out of `work.earlier`."""
        return ()

    # The end.

    @abstractmethod
    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        """The fields of the outcome that are the kind's own, once all steps are over."""

    def step_result(self, step: str) -> dict[str, Any]:
        """What an optional step has found out, as JSON, once it is finished."""
        return {}
