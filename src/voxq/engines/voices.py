"""Who can speak here: the synthesisers that are installed, and the choice among their voices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from voxq.engines import synthesisers
from voxq.engines.base import EngineError, EngineRequest
from voxq.engines.mixtures import Mixture, MixtureError
from voxq.engines.synthesis import Voice
from voxq.model_store.store import ModelStore


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: a voice, and the synthesiser it belongs to."""

    engine: str
    voice: Voice


def installed(store: ModelStore) -> tuple[str, ...]:
    """The synthesisers whose packages and models are all here, the embedded one first. Reads directories."""
    return tuple(name for name in synthesisers.names() if _is_here(name, store))


def speakers_of(engines: Iterable[str]) -> tuple[Speaker, ...]:
    """All voices of these synthesisers, whatever is installed; of each language the best first.

    Raises EngineError.
    """
    return tuple(Speaker(name, voice) for name in engines for voice in synthesisers.find(name).voices)


def spoken_here(store: ModelStore) -> Mapping[str, tuple[str, ...]]:
    """The languages that each installed synthesiser can speak where this runs. Reads directories."""
    return {name: synthesisers.find(name).languages_here() for name in installed(store)}


def lacking(engines: Iterable[str], voice: str | None, language: str) -> str | None:
    """What to install for a voice that these synthesisers have; without a name, for those of this language.

    A sentence, or None where there is no such voice, or nothing else is needed for it. Raises EngineError.
    """
    for name in engines:
        kind = synthesisers.find(name)
        for each in kind.voices:
            if (each.language == language) if voice is None else (each.name == voice):
                packages = kind.packages.get(each.language)
                return packages.missing_for(each.language) if packages else None
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
    known = {speaker.voice.name: speaker for speaker in speakers}
    if not mixture.shares.keys() <= known.keys():
        raise EngineError(f"Unknown voice {wanted!r}. There are: {', '.join(known)}.")
    first, *others = (known[name] for name in mixture.shares)
    if not others:
        return first
    if any(each.voice.language != first.voice.language for each in others):
        raise MixtureError("Only voices of one language can be mixed")
    if any(each.engine != first.engine for each in others) or not synthesisers.find(first.engine).mixes:
        raise MixtureError("These voices cannot be mixed; those of kokoro can")
    return replace(first, voice=replace(first.voice, name=mixture.name))


def _is_here(name: str, store: ModelStore) -> bool:
    if synthesisers.missing(name):
        return False
    roles = synthesisers.find(name).roles_for(EngineRequest(name, name))
    return all(store.find(model) is not None for model in roles.values())
