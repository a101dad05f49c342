"""Every setting, read once from the environment and a `.env` file in the working directory.

The environment wins over `.env`, names are case-insensitive, an empty value counts as unset. Nothing ever
`source`s the file, so values with spaces need no quotes.
"""

from voxq.settings.configuration import PACKAGED_HOTWORDS, Queues, Settings, SettingsError
from voxq.settings.loading import load_settings, unknown_settings

__all__ = ["PACKAGED_HOTWORDS", "Queues", "Settings", "SettingsError", "load_settings", "unknown_settings"]
