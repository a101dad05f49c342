"""Files that hold what somebody has said."""

from __future__ import annotations

import os
from typing import BinaryIO


def created(path: os.PathLike[str]) -> BinaryIO:
    """Create a new, empty file that only this user may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
