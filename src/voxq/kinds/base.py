"""Base of the kinds of task. All other code asks the kind for what is special about it, and never branches on
it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

import voxq
from voxq.core.inputs import AUDIO, TEXT, Blob, Inline, Inputs
from voxq.core.options import Affects, Options
from voxq.kinds.work import KindRun, Model, Work


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step of a kind's pipeline: it turns pieces into results through models of one capability."""

    name: str
    capability: str
    """Capability that its model must have."""
    source: str | None = None
    """Name of the step whose results it works on; None: it works on the pieces of the task's input."""
    is_last: bool = False
    """Whether it begins once `source` is over, with all of its results; otherwise with each of them as it
    comes."""
    optional: bool = False
    """Whether the task can be done without it, and it can be tried again alone."""
    has_closing: bool = False
    """Whether it ends with one more piece, made from all of its results."""
    reads_sound: bool = False
    """Whether its pieces are places of the decoded sound, which is decoded once more when it is done again
    alone."""


@dataclass(frozen=True)
class Kind(ABC):
    """One kind of task: `name` is the prefix of its Redis keys and part of its URLs."""

    name: str
    options: type[Options]
    noun: str
    """Word that clients know the input by: "recording"."""
    steps: tuple[StepSpec, ...]
    """Steps in the order in which they depend on each other. The first is not optional, and works on the
    pieces of the input."""
    preparation: str
    """Name of the media process's work, as the beginning of a sentence: "Decoding"."""
    preparer: str
    """Name of the part that does this work, within a sentence: "decoder"."""
    queue_setting: str | None = None
    """Field of `Settings` with the RQ name of its normal lane; None: the lane has the name of the kind."""
    takes_recording: bool = False
    """Whether it is made from a recording, a file of the task: without that, nothing can be done or tried
    again. Otherwise it is made from a text, which is part of the task."""
    revision: str = voxq.__version__
    """Revision of its own code: a result of one revision never answers a request to another. "" if results
    of earlier versions may."""
    settings: tuple[str, ...] = ()
    """Fields of `Settings` that results depend on besides the operator's defaults of its options."""
    routes: tuple[str, ...] = ()
    """Modules of the API with a `router` for this kind alone. Without any, it gets a route to submit to: a
    recording and options as a form, or a text and options as JSON."""
    makes_file: bool = False
    """Whether it makes a file, which can be heard while it grows, and belongs to the result."""

    @property
    def capability(self) -> str:
        """Capability that the model of its first step must have."""
        return self.steps[0].capability

    @property
    def settings_used(self) -> tuple[str, ...]:
        """Fields of `Settings` that results depend on, each once."""
        marks = (each.mark for each in self.options.declared().values())
        of_options = (each.setting for each in marks if each.setting and Affects.RESULT in each.affects)
        return tuple(dict.fromkeys((*self.settings, *of_options)))

    def step(self, name: str) -> StepSpec | None:
        """Return the step of this name; None if there is none."""
        return next((each for each in self.steps if each.name == name), None)

    def steps_for(self, options: Options) -> tuple[StepSpec, ...]:
        """Return the steps of a task with these options."""
        return tuple(each for each in self.steps if not each.optional or self.wants(each.name, options))

    def read_options(self, record: Mapping[str, Any]) -> Options:
        """Read the options in a record of this or an earlier version; unknown fields are ignored.

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
        """Extension, without a dot, of the file that a task with these options makes."""
        raise TypeError(f"A task of the kind {self.name} makes no file")

    def expected_seconds(self, text: str, options: Options) -> float:
        """Seconds of sound that a text counts for; they decide the lane."""
        raise TypeError(f"A task of the kind {self.name} is made from a {self.noun}")

    def shown(self, options: Options) -> dict[str, Any]:
        """Options that a result repeats, because its client may want to know them."""
        return {}

    def wants(self, step: str, options: Options) -> bool:
        """Whether a task with these options has this step, if it is an optional one."""
        return True

    def model_name(self, step: str, options: Options) -> str | None:
        """Name of the model that the options ask for; None: the default of the step's capability."""
        return getattr(options, "model", None)

    def with_model(self, options: Options, name: str) -> Options:
        """Return the options with this model for the first step, if there is an option for it."""
        return replace(options, model=name) if "model" in options.declared() else options

    def audio_track(self, options: Options) -> str | None:
        """Sound track of a recording that the options ask for, see `voxq.speech.tracks.candidates`."""
        return None

    def check_model(self, step: str, options: Options, model: Model) -> None:
        """Check that the model can do what the options ask. Raises ModelUnavailable."""
        return

    @abstractmethod
    def begin(self, work: Work) -> KindRun:
        """Begin a task: return the kind's part of its run."""

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.options)
