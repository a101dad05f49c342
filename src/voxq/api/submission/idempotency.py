"""The header Idempotency-Key."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

from voxq.core.refusal import invalid
from voxq.locale import Message

MAX_IDEMPOTENCY_KEY_LENGTH = 200

HEADER = "idempotency-key"

IdempotencyKey = Annotated[
    str | None,
    Header(description="A request repeated with the same key, for a day, is answered with the same task."),
]
"""Header as received; `checked` checks it."""

_IDEMPOTENCY_KEY = re.compile(rf"[!-~]{{1,{MAX_IDEMPOTENCY_KEY_LENGTH}}}")


def checked(header: str | None) -> str | None:
    """Check the header; None if absent. Raises Refusal ("invalid_option")."""
    if header is None or _IDEMPOTENCY_KEY.fullmatch(header):
        return header
    raise invalid(
        "Idempotency-Key",
        Message(
            "needs 1 to {most} printable ASCII characters",
            most=MAX_IDEMPOTENCY_KEY_LENGTH,
        ),
    )
