"""Doctor checks of the voices that could speak here, without loading any."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.cli.finding import Finding
from voxq.cli.package_checks import missing_packages
from voxq.engines import voices
from voxq.extras import install_command
from voxq.model_store.store import ModelStore
from voxq.settings import Settings

_KOKORO = "kokoro"
_EXTRA, _EXTRA_JAPANESE = "kokoro", "kokoro-ja"
"""Extras with Kokoro's phonemisers; its model may have been installed in another way."""


def check_voices(settings: Settings) -> Iterator[Finding]:
    """Report the installed synthesisers, and what they lack to speak all of their languages."""
    installed = voices.installed(ModelStore(search=[settings.asr_model_path]))
    for name in installed:
        family = voices.family_of(name)
        languages = family.languages_here(name)
        offered = family.voices_for(name)
        spoken = sum(voice.language in languages for voice in offered)
        number = str(spoken) if spoken == len(offered) else f"{spoken} of {len(offered)}"
        yield Finding("voices", "ok", f"{name}: {number} in {', '.join(languages)}")
    if _KOKORO in installed:
        yield from _phonemisers()
    for name in voices.models():
        if name not in installed:
            family = voices.family_of(name)
            fix = (
                "" if family.requirements.are_installed else f"To install, run: {family.requirements.command}"
            )
            yield Finding("voices", "ok", f"{name} is not installed: {family.summary}", fix)


def _phonemisers() -> Iterator[Finding]:
    if problems := missing_packages(_EXTRA):
        says = f"{_KOKORO} cannot speak all of these languages: {', '.join(problems)}"
        yield Finding("voices", "warning", says, f"Run: {install_command(_EXTRA)}")
    elif missing_packages(_EXTRA_JAPANESE):  # only a note: it is large, and not everybody wants it
        says = f"{_KOKORO} speaks no Japanese yet: {install_command(_EXTRA_JAPANESE)}"
        yield Finding("voices", "ok", says)
