"""Interface of a kind to the worker: how one task of it is worked on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from voxq.core.options import Options
    from voxq.core.outcome import Outcome
    from voxq.core.task import Task
    from voxq.engines.contract import Traits, Voice
    from voxq.processes.media.join_protocol import Begin, Sound
    from voxq.processes.media.protocol import Prepare, Split
    from voxq.processes.model.protocol import ChunkRef
    from voxq.speech.audio import Track
    from voxq.speech.chinese_script import Script
    from voxq.storage.scratch import WorkDirectory
    from voxq.storage.voiceprints import Voiceprints


class ModelUnavailable(Exception):
    """A task's model cannot be used here; the message is for its client."""


class Model(Protocol):
    """Facts about a model that are known before it is loaded."""

    @property
    def name(self) -> str: ...

    @property
    def traits(self) -> Traits: ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that it can speak here, as ISO 639-1 codes; none for a model that recognises."""
        ...

    def voice(self, name: str) -> Voice:
        """Return the voice of this name. Raises ModelUnavailable."""
        ...

    def not_honoured(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the options of speech that the model cannot do, see `EngineFamily.not_honoured`."""
        ...


@dataclass(frozen=True, slots=True)
class Defaults:
    """Operator's settings for tasks, used where a client sets none."""

    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Values by kind of task and name of the option, see `Options.over`."""
    script: Script | None = None
    """Script of Mandarin; None: as the model writes it."""
    batch_seconds: float = float("inf")
    """Limit on the padded seconds of a batch, and so of a chunk."""
    max_seconds: float = float("inf")
    """Limit on the seconds of a recording."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Findings of the media process about all of the task's input, in seconds."""

    duration: float
    decode: float
    vad: float
    tracks: tuple[Track, ...] = ()
    """Sound tracks of a recording."""
    taken: int = 0
    """Index of the track that was decoded."""
    channel_starts: tuple[int, ...] = (0,)
    """Samples of the decoded sound at which its channels begin, if they are separate."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Facts about the complete file: its seconds, the rate of its sound (Hz), the times of its pieces (s)."""

    duration: float
    rate: int
    times: tuple[tuple[float, float], ...]
    encode: float


class Results(Protocol):
    """Pieces of one step, in the order in which they were found, and their results so far."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any:
        """Return a piece."""
        ...

    def result(self, index: int) -> Any | None:
        """Return the result of a piece; None while it has none."""
        ...

    @property
    def draft(self) -> str:
        """What a model has written of the first piece without a result."""
        ...

    def finished(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over the pieces that have a result, each with it."""
        ...

    def finished_in_a_row(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over the pieces before the first without a result, each with its own."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One task in a worker, as its kind sees it."""

    task: Task
    execution: str
    """Id of this attempt, which names its files."""
    recording: Path
    """Path of the task's file: the recording that came, or the file to be made."""
    directory: WorkDirectory
    defaults: Defaults
    models: Mapping[str, Model]
    """Models by step."""
    results: Mapping[str, Results]
    """Results by step."""
    earlier: Outcome | None = None
    """Outcome of the run before this one, if only one step of it is done again."""

    @property
    def options(self) -> Options:
        """Options of the client over those of the operator."""
        return self.task.options.over(self.defaults.options.get(self.task.kind, {}))


class OutputFile(ABC):
    """File that a task makes, joined from sounds while they come."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """Path at which it is joined."""

    @abstractmethod
    def begin(self, id: str) -> Begin:
        """Prepare to write the file, and describe it. Called when there are `sounds`. Raises OSError."""

    @abstractmethod
    def sounds(self, first: int, most: int) -> tuple[Sound, ...]:
        """Sounds of the pieces to be joined next: at most `most` from `first` on, as far as they exist
        without a gap."""

    @abstractmethod
    def lost(self) -> Sequence[int]:
        """Pieces whose sound has been lost."""

    @property
    @abstractmethod
    def hindrance(self) -> tuple[str, str] | None:
        """Code and message of the reason why no file can be made, now that every piece has a result; None if
        one can."""


class KindRun(ABC):
    """The kind's part of one run: requests to a media process and the models, and the use of their answers.
    It has no state except what it learns from results and from the end of the preparation."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.task = work.task
        self.asked = work.options
        self.prepared: Prepared | None = None
        """Findings about all of the input, once it has been read to its end."""
        self.voiceprints: Voiceprints | None = None
        """Voiceprints of all owners, in a worker; only those of the task's owner are for it."""

    needs_preparation: ClassVar[bool] = True
    """Whether a media process finds the pieces of its input; otherwise they are `pieces`."""

    @property
    def request(self) -> Prepare | Split:
        """Request to a media process with which the task begins, if it `needs_preparation`."""
        raise TypeError(f"A task of the kind {self.task.kind} needs no preparation")

    def pieces(self) -> Iterable[Any]:
        """Pieces of an input that needs no preparation."""
        return ()

    @property
    @abstractmethod
    def seconds(self) -> float:
        """Expected seconds of sound at the beginning: work that has not been found yet counts as such."""

    @property
    def batch_seconds(self) -> float:
        """Client's own limit for a batch, in padded seconds; infinity without one."""
        return float("inf")

    @property
    def disk_per_second(self) -> float:
        """Disk space for a second of its sound, as a multiple of that for decoded mono."""
        return 1.0

    @property
    def output(self) -> OutputFile | None:
        """File that the task makes, if any."""
        return None

    @property
    @abstractmethod
    def text(self) -> str:
        """Text so far, for a client that asks for the progress."""

    @property
    def draft(self) -> str:
        """What a model is writing after `text`, for a client that wants to see it before it is checked."""
        return ""

    def duration(self, prepared: Prepared | None, joined: Joined | None) -> float:
        """Seconds of sound, as far as known."""
        return prepared.duration if prepared else self.task.duration or 0.0

    def log_line(self, prepared: Prepared, count: int) -> str:
        """Log line of a prepared task of `count` chunks."""
        return f"chunks={count} decode={prepared.decode:.2f}"

    def condition(self, revision: str) -> str:
        """Condition of results that depend on every option which affects results, for a model `revision`."""
        return f"{revision}|{self.task.sha256}|{self._conditions}"

    @cached_property
    def _conditions(self) -> str:
        return self.asked.conditions()

    # Steps.

    @abstractmethod
    def batch_key(self, step: str) -> str:
        """Key of a step's batches: chunks of the same model and with the same key may share one."""

    @abstractmethod
    def ref(self, step: str, index: int) -> ChunkRef:
        """Reference to a chunk, as it is sent to the model process."""

    @abstractmethod
    def conditions(self, step: str, revision: str) -> Sequence[str]:
        """Conditions on which the result of a chunk depends besides its place; the model is of this
        `revision`. The first is written, see `condition`; the others, which mean the same, are of earlier
        versions."""

    @abstractmethod
    def record(self, step: str, result: Any) -> dict[str, Any]:
        """Record of a finished chunk, as it is written to disk."""

    @abstractmethod
    def recorded(self, step: str, piece: Any, record: dict[str, Any]) -> Any | None:
        """Read the result in a record; None if it is incomplete. Raises KeyError, TypeError or ValueError for
        a record that `record` did not write."""

    def next_chunk(self, step: str, pieces: Sequence[Any]) -> int:
        """Number of these neighbouring pieces, from the first on, that had better be recognised together."""
        return 1

    def joined(self, step: str, pieces: Sequence[Any]) -> Any:
        """One piece that holds these neighbours, which `next_chunk` has chosen."""
        (piece,) = pieces
        return piece

    def is_serial(self, step: str) -> bool:
        """Whether the next chunk has to wait for the result of the one before."""
        return False

    def taken(self, step: str, result: Any) -> None:
        """Handle a result, which counts from now on."""
        return

    def pieces_for(self, step: str, piece: Any, result: Any) -> Iterable[Any]:
        """Pieces for a step that works on the results of another, made from one of these results."""
        return ()

    def last_pieces_for(self, step: str) -> Iterable[Any]:
        """Pieces for a step that works on all results of another at once, now that this one is over."""
        return ()

    def earlier_pieces_for(self, step: str) -> Iterable[Any]:
        """All pieces of the step, made from `work.earlier`, when only this step is done again."""
        return ()

    def sound_pieces_for(self, step: str, piece: Any) -> Iterable[Any]:
        """Pieces of a step that `reads_sound`, made from `work.earlier` for a piece of the input, when only
        this step is done again."""
        return ()

    def closing_pieces_for(self, step: str) -> Iterable[Any]:
        """The last piece of a step that `has_closing`, now that the others have their results."""
        return ()

    # The end.

    def conclude(self) -> tuple[str, str] | None:
        """Do what is left once all steps are over: keep what the task makes besides a file.

        Returns code and message of the reason why the task fails all the same; None if there is none. Called
        once more after a crash. Raises OSError; then it is tried again.
        """
        return None

    @abstractmethod
    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        """Fields of the outcome that are the kind's own, once all steps are over."""

    def done_again(self) -> dict[str, Any]:
        """Fields of the outcome that change by the only step that was done again, besides that step."""
        return {}

    def step_result(self, step: str) -> dict[str, Any]:
        """Result of an optional step as JSON, once it is finished."""
        return {}
