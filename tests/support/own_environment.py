"""Environment for VoxQ programs in tests, without the settings of this machine."""

from __future__ import annotations

import os

from voxq.settings import Settings


def without_settings() -> dict[str, str]:
    """Variables of this process except settings, whose names are case-insensitive."""
    return {name: text for name, text in os.environ.items() if name.lower() not in Settings.model_fields}
