"""Doctor checks of the model that tells speakers apart, without loading it."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.cli.finding import Finding
from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError
from voxq.locale import Message, about
from voxq.model_catalogue import listings_of
from voxq.settings import Settings


def check_speakers(settings: Settings) -> Iterator[Finding]:
    """Report SPEAKER_MODEL, and what it lacks."""
    listing = listings_of(settings)[Capability.EMBED]
    try:
        default = listing.default
    except EngineError as error:
        fix = Message("Correct {setting}; see 'voxq models list'.", setting="SPEAKER_MODEL")
        yield Finding("speakers", "failure", str(error), fix)
        return
    family = registry.find(default.engine)
    if not family.requirements.are_installed:
        fix = Message("Run: {command}", command=family.requirements.command)
        says = Message("its packages are not installed: no speaker is told from another")
        yield Finding("speakers", "warning", about(default.name, says), fix)
    elif default not in listing.all():
        fix = Message("Run: {command}", command=f"voxq models pull {default.name}")
        yield Finding("speakers", "warning", about(default.name, Message("it is not installed")), fix)
    else:
        yield Finding("speakers", "ok", about(default.name, family.summary))
