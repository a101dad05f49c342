"""Check of the free disk space."""

from __future__ import annotations

import shutil

from voxq.core.refusal import Refusal
from voxq.settings import Settings


def check_space(settings: Settings) -> None:
    """Raise Refusal ("disk_full") if less than MIN_FREE_DISK_MB is free. Blocks."""
    if shutil.disk_usage(settings.storage_path).free < settings.min_free_disk_mb << 20:
        raise Refusal("disk_full", "The disk is nearly full, please try again later")
