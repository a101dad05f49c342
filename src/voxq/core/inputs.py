"""Inputs of a task by role: files of their own, and texts that are part of the task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

AUDIO = "audio"
TEXT = "text"
"""Roles of inputs and outputs."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Input that is a file of its own, by its stored name; `size` in bytes, `sha256` in hex."""

    name: str
    mime: str
    size: Annotated[int, Field(ge=0)]
    sha256: str


@dataclass(frozen=True, slots=True)
class Inline:
    """Input that is part of its task: a text."""

    text: str

    @property
    def size(self) -> int:
        """Bytes of the text in UTF-8."""
        return len(self.text.encode())

    @property
    def sha256(self) -> str:
        """SHA-256 of the text in UTF-8, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


Inputs = Mapping[str, Blob | Inline]
"""Inputs by role; at least one."""


def sha256_of(inputs: Inputs) -> str:
    """Return the digest in hex that identifies these inputs; a single input's own digest."""
    digests = {role: each.sha256 for role, each in inputs.items()}
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
