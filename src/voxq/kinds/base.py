"""What a kind of task is. The rest of the code asks the kind, and never which kind it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from voxq.core.inputs import AUDIO, TEXT, Blob, Inline, Inputs
from voxq.core.options import Options
from voxq.kinds.work import KindRun, Model, Work


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step of a kind's pipeline: it turns pieces into results through models of one capability."""

    name: str
    capability: str
    """What its model must be able to do."""
    source: str | None = None
    """The step whose results it works on, as they come; None: on what the media process finds."""
    optional: bool = False
    """Whether the task is done without it, too, and it can be tried again alone."""


@dataclass(frozen=True)
class Kind(ABC):
    """One kind of task: `name` is the prefix of its Redis keys and part of its URLs."""

    name: str
    options: type[Options]
    noun: str
    """What a task is made from, in the words of clients: "recording"."""
    steps: tuple[StepSpec, ...]
    """In the order in which they depend on each other. The first is not optional, and works on what the media
    process finds."""
    preparation: str
    """What a media process does first, as the beginning of a sentence: "Decoding"."""
    preparer: str
    """What does that, in a sentence: "decoder"."""
    queue_setting: str | None = None
    """The field of `Settings` with the RQ name of its normal lane; None: it is called after the kind."""
    takes_recording: bool = False
    """Whether it is made from a recording, which lies beside the task: without it, nothing can be done or
    tried again. Otherwise it is made from a text, which stands in the task."""
    routes: tuple[str, ...] = ()
    """Modules of the API with a `router` for this kind alone. Without any, a text and options are taken as
    JSON."""
    makes_file: bool = False
    """Whether it makes a file: that can be heard while it grows, and goes with the result."""

    @property
    def capability(self) -> str:
        """What the model of its first step must be able to do."""
        return self.steps[0].capability

    def step(self, name: str) -> StepSpec | None:
        """The step of this name."""
        return next((each for each in self.steps if each.name == name), None)

    def read_options(self, record: Mapping[str, Any]) -> Options:
        """The options in a record of this or an earlier version; unknown fields are ignored.

        Raises ValueError.
        """
        return self._adapter.validate_python(record)

    def is_made_from(self, inputs: Inputs) -> bool:
        """Whether its tasks are made from such inputs."""
        if self.takes_recording:
            return isinstance(inputs.get(AUDIO), Blob)
        return isinstance(inputs.get(TEXT), Inline)

    def makes(self, outputs: Mapping[str, str]) -> bool:
        """Whether its tasks make such files."""
        return set(outputs) == ({AUDIO} if self.makes_file else set())

    def output_extension(self, options: Options) -> str:
        """Extension, without a dot, of the file that such a task makes."""
        raise TypeError(f"A task of the kind {self.name} makes no file")

    def expected_seconds(self, text: str, options: Options) -> float:
        """Seconds of sound that a text counts for; they decide the lane."""
        raise TypeError(f"A task of the kind {self.name} is made from a {self.noun}")

    def shown(self, options: Options) -> dict[str, Any]:
        """What a client may want to be told again, in a result, of what it asked for."""
        return {}

    def model_name(self, step: str, options: Options) -> str | None:
        """The model that the options ask for; None: the default of the step's capability."""
        return getattr(options, "model", None)

    def check_model(self, step: str, options: Options, model: Model) -> None:
        """Raises ModelUnavailable if the model cannot do what the options ask."""
        return

    @abstractmethod
    def begin(self, work: Work) -> KindRun:
        """How this task is to be worked on."""

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.options)
