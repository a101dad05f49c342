"""Voices of the installed models for speech synthesis, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError, EngineFamily, Voice
from voxq.engines.mixtures import Mixture, MixtureError
from voxq.locale import Message
from voxq.model_store.store import ModelStore


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice and the name of its model."""

    model: str
    voice: Voice


def models() -> tuple[str, ...]:
    """Return the models for speech synthesis, installed or not, the embedded one first."""
    return tuple(registry.models(Capability.SPEAK))


def family_of(model: str) -> EngineFamily:
    """Return the family of a model for speech synthesis. Raises EngineError, with the known models."""
    there = registry.models(Capability.SPEAK)
    if model not in there:
        raise EngineError(
            Message("Unknown synthesiser {model!r}. There are: {there}.", model=model, there=", ".join(there))
        )
    return there[model]


def installed(store: ModelStore) -> tuple[str, ...]:
    """Return the completely installed models for speech synthesis, the embedded one first. Reads
    directories."""
    return tuple(registry.installed(Capability.SPEAK, store))


def speakers_of(models: Iterable[str]) -> tuple[Speaker, ...]:
    """Return all voices of these models, installed or not, the best of each language first.

    Raises EngineError.
    """
    return tuple(Speaker(model, voice) for model in models for voice in family_of(model).voices_for(model))


def spoken_here(store: ModelStore) -> Mapping[str, tuple[str, ...]]:
    """Return the languages that each installed model can speak on this machine. Reads directories."""
    return {model: family_of(model).languages_here(model) for model in installed(store)}


def lacking(models: Iterable[str], voice: str | None, language: str) -> str | None:
    """Return what to install for a voice of these models or, without a name, for the voices of this language.

    The result is a sentence, or None if there is no such voice or it needs no packages. Raises EngineError.
    """
    for model in models:
        family = family_of(model)
        for each in family.voices_for(model):
            if (each.language == language) if voice is None else (each.name == voice):
                needs = family.languages.get(each.language)
                return (
                    needs.missing_for(Message("Speech in the language {language!r}", language=each.language))
                    if needs
                    else None
                )
    return None


def choose(speakers: Iterable[Speaker], voice: str | None, language: str) -> Speaker:
    """Find a voice by name in any case, mixed if need be; without a name, the first one of the language.

    Raises EngineError, with the available voices, and MixtureError.
    """
    there = tuple(speakers)
    if voice is not None:
        return _mixed(voice, there)
    if found := next((each for each in there if each.voice.language == language), None):
        return found
    raise EngineError(Message("No voice here speaks the language {language!r}.", language=language))


def _mixed(wanted: str, speakers: Sequence[Speaker]) -> Speaker:
    """Resolve a mixture, also one of a single voice. Raises EngineError, MixtureError."""
    mixture = Mixture.parse(wanted)
    known: dict[str, Speaker] = {}
    for speaker in speakers:  # several models may have a voice of the same name; the first of them is used
        known.setdefault(speaker.voice.name, speaker)
    if not mixture.shares.keys() <= known.keys():
        raise EngineError(
            Message("Unknown voice {wanted!r}. There are: {known}.", wanted=wanted, known=", ".join(known))
        )
    first, *others = (known[name] for name in mixture.shares)
    if not others:
        return first
    if any(each.voice.language != first.voice.language for each in others):
        raise MixtureError(Message("Only voices of one language can be mixed"))
    if any(each.model != first.model for each in others) or not family_of(first.model).mixes:
        raise MixtureError(Message("These voices cannot be mixed; those of kokoro can"))
    return replace(first, voice=replace(first.voice, name=mixture.name))
