"""Findings of `voxq doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the doctor's report; `fix` says what to do about it, empty if nothing."""

    subject: str
    state: Literal["ok", "warning", "failure"]
    says: str
    fix: str = ""
