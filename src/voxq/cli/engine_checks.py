"""Doctor checks of the engines from other packages that the settings name."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.cli.finding import Finding
from voxq.engines import plugins, registry
from voxq.engines.contract import EngineError
from voxq.locale import Message, about
from voxq.settings import Settings


def check_engines(settings: Settings) -> Iterator[Finding]:
    """Load the plugins in ENGINE_PLUGINS and report each; usable ones stay registered in this process."""
    for name in settings.plugins:
        try:
            registry.use_plugins([name])
        except EngineError as error:
            yield Finding("engine", "failure", str(error), Message("Correct ENGINE_PLUGINS, or install it."))
        else:
            yield Finding("engine", "ok", about(name, registry.find(name).summary))
    for name in plugins.installed():
        if name not in settings.plugins:
            yield Finding(
                "engine",
                "ok",
                Message(
                    "{name} is installed but not used, because ENGINE_PLUGINS does not list it", name=name
                ),
            )
