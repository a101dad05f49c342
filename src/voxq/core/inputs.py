"""What a task is made from: files of its own, and texts that stand in it, each in a role."""

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
    """An input that is a file of its own, by its stored name; `size` in bytes, `sha256` in hex."""

    name: str
    mime: str
    size: Annotated[int, Field(ge=0)]
    sha256: str


@dataclass(frozen=True, slots=True)
class Inline:
    """An input that stands in its task: a text."""

    text: str

    @property
    def size(self) -> int:
        """Bytes of its UTF-8."""
        return len(self.text.encode())

    @property
    def sha256(self) -> str:
        """Of its UTF-8, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


Inputs = Mapping[str, Blob | Inline]
"""By role; at least one."""


def sha256_of(inputs: Inputs) -> str:
    """The digest in hex that tells these inputs from others: that of the input itself where there is one."""
    digests = {role: each.sha256 for role, each in inputs.items()}
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
