"""The environment in which tests start programs of VoxQ: no setting of this machine reaches them."""

from __future__ import annotations

import os

from voxq.settings import Settings


def without_settings() -> dict[str, str]:
    """This process's variables but for settings, whose names are in any case."""
    return {name: text for name, text in os.environ.items() if name.lower() not in Settings.model_fields}
