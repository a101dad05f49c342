"""Who can speak here: the models that are installed and speak, and the choice among their voices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError, EngineFamily, EngineRequest, Voice
from voxq.engines.mixtures import Mixture, MixtureError
from voxq.model_store.store import ModelStore


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: a voice, and the name of the model it belongs to."""

    engine: str
    voice: Voice


def models() -> tuple[str, ...]:
    """The models that speak, installed or not, the embedded one first."""
    return tuple(registry.models(Capability.SPEAK))


def family_of(model: str) -> EngineFamily:
    """The family of a model that speaks. Raises EngineError, with the models there are."""
    there = registry.models(Capability.SPEAK)
    if model not in there:
        raise EngineError(f"Unknown synthesiser {model!r}. There are: {', '.join(there)}.")
    return there[model]


def installed(store: ModelStore) -> tuple[str, ...]:
    """The models that speak and are all here, the embedded one first. Reads directories."""
    return tuple(
        model for model, family in registry.models(Capability.SPEAK).items() if _is_here(model, family, store)
    )


def speakers_of(models: Iterable[str]) -> tuple[Speaker, ...]:
    """All voices of these models, whatever is installed; of each language the best first.

    Raises EngineError.
    """
    return tuple(Speaker(model, voice) for model in models for voice in family_of(model).voices_for(model))


def spoken_here(store: ModelStore) -> Mapping[str, tuple[str, ...]]:
    """The languages that each installed model can speak where this runs. Reads directories."""
    return {model: family_of(model).languages_here(model) for model in installed(store)}


def lacking(models: Iterable[str], voice: str | None, language: str) -> str | None:
    """What to install for a voice that these models have; without a name, for those of this language.

    A sentence, or None where there is no such voice, or nothing else is needed for it. Raises EngineError.
    """
    for model in models:
        family = family_of(model)
        for each in family.voices_for(model):
            if (each.language == language) if voice is None else (each.name == voice):
                needs = family.languages.get(each.language)
                return needs.missing_for(f"Speech in the language {each.language!r}") if needs else None
    return None


def choose(speakers: Iterable[Speaker], voice: str | None, language: str) -> Speaker:
    """The voice of this name, in capitals or not, mixed if need be, or without one the first that speaks the
    language.

    Raises EngineError, with the voices there are, and MixtureError.
    """
    there = tuple(speakers)
    if voice is not None:
        return _mixed(voice, there)
    if found := next((each for each in there if each.voice.language == language), None):
        return found
    raise EngineError(f"No voice here speaks the language {language!r}.")


def _mixed(wanted: str, speakers: Sequence[Speaker]) -> Speaker:
    """Also where the mixture is of one. Raises EngineError, MixtureError."""
    mixture = Mixture.parse(wanted)
    known: dict[str, Speaker] = {}
    for speaker in speakers:  # several models may have a voice of one name: the first of them speaks
        known.setdefault(speaker.voice.name, speaker)
    if not mixture.shares.keys() <= known.keys():
        raise EngineError(f"Unknown voice {wanted!r}. There are: {', '.join(known)}.")
    first, *others = (known[name] for name in mixture.shares)
    if not others:
        return first
    if any(each.voice.language != first.voice.language for each in others):
        raise MixtureError("Only voices of one language can be mixed")
    if any(each.engine != first.engine for each in others) or not family_of(first.engine).mixes:
        raise MixtureError("These voices cannot be mixed; those of kokoro can")
    return replace(first, voice=replace(first.voice, name=mixture.name))


def _is_here(model: str, family: EngineFamily, store: ModelStore) -> bool:
    roles = family.roles_for(EngineRequest(family.name, model))
    return family.requirements.are_installed and all(store.find(name) is not None for name in roles.values())
