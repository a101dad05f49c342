"""Doctor checks of the voices that could speak here, without loading any."""

from __future__ import annotations

from collections.abc import Iterator

from voxq.cli.finding import Finding
from voxq.cli.package_checks import missing_packages
from voxq.engines import voices
from voxq.extras import install_command
from voxq.locale import Message
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
        if spoken < len(offered):
            number = Message("{spoken} of {all}", spoken=spoken, all=len(offered))
        else:
            number = str(spoken)
        yield Finding(
            "voices",
            "ok",
            Message(
                "{name}: {number} in {languages}", name=name, number=number, languages=", ".join(languages)
            ),
        )
    if _KOKORO in installed:
        yield from _phonemisers()
    missing = {
        voices.family_of(name).name: name for name in reversed(voices.models()) if name not in installed
    }
    for name in reversed(missing.values()):  # of each family one: seven languages of one engine are one offer
        yield _not_installed(name)


def _not_installed(name: str) -> Finding:
    family = voices.family_of(name)
    fix = (
        ""
        if family.requirements.are_installed
        else Message("To install, run: {command}", command=family.requirements.command)
    )
    says = Message("{name} is not installed: {summary}", name=name, summary=family.summary)
    return Finding("voices", "ok", says, fix)


def _phonemisers() -> Iterator[Finding]:
    if problems := missing_packages(_EXTRA):
        says = Message(
            "{model} cannot speak all of these languages: {problems}",
            model=_KOKORO,
            problems=Message.joined(", ", problems),
        )
        yield Finding("voices", "warning", says, Message("Run: {command}", command=install_command(_EXTRA)))
    elif missing_packages(_EXTRA_JAPANESE):  # only a note: it is large, and not everybody wants it
        says = Message(
            "{model} speaks no Japanese yet: {command}",
            model=_KOKORO,
            command=install_command(_EXTRA_JAPANESE),
        )
        yield Finding("voices", "ok", says)
