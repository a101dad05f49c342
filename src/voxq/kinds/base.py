"""What a kind of task is. The rest of the code asks the kind, and never which kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from voxq.core.options import Options


@dataclass(frozen=True, slots=True)
class InlineInput:
    """What is to be worked on, where it lies in the options of its task."""

    text: str
    extension: str
    """Of the task's file, without a dot."""
    mime: str
    """Of the task's file."""
    seconds: float
    """Of sound, as expected; it decides the lane."""


@dataclass(frozen=True)
class Kind:
    """One kind of task: `name` is the prefix of its Redis keys and part of its URLs."""

    name: str
    options: type[Options]
    noun: str
    """What a task is made from, in the words of clients: "recording"."""
    capability: str
    """What its model must be able to do."""
    preparation: str
    """What a media process does first, as the beginning of a sentence: "Decoding"."""
    preparer: str
    """What does that, in a sentence: "decoder"."""
    queue_setting: str | None = None
    """The field of `Settings` with the RQ name of its normal lane; None: it is called after the kind."""
    takes_recording: bool = False
    """Whether a recording lies beside the task: without it, nothing can be done or tried again. Otherwise all
    that is needed stands in the options."""
    makes_file: bool = False
    """Whether the task's file is what it makes: it can be heard while it grows, and goes with the result."""

    def read_options(self, record: Mapping[str, Any]) -> Options:
        """The options in a record of this or an earlier version; unknown fields are ignored.

        Raises ValueError.
        """
        return self._adapter.validate_python(record)

    def inline_input(self, options: Options) -> InlineInput:
        """What is to be worked on, for a kind that takes no recording."""
        raise NotImplementedError(f"A task of the kind {self.name} is made from a {self.noun}")

    def shown(self, options: Options) -> dict[str, Any]:
        """What a client may want to be told again, in a result, of what it asked for."""
        return {}

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.options)
