"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report; `fix` says what to do about it, if anything is to be done."""

    subject: str
    state: Literal["ok", "warning", "failure"]
    says: str
    fix: str = ""
