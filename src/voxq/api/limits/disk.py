"""Whether there is room for more."""

from __future__ import annotations

import shutil

from voxq.core.refusal import Refusal
from voxq.settings import Settings


def check_space(settings: Settings) -> None:
    """Blocks. Raises Refusal ("disk_full") when less than MIN_FREE_DISK_MB would be left."""
    if shutil.disk_usage(settings.storage_path).free < settings.min_free_disk_mb << 20:
        raise Refusal("disk_full", "The disk is nearly full, please try again later")
