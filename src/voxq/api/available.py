"""Models that clients may request, and their properties."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from loguru import logger

from voxq.api.monitoring.workers import WorkerWatch
from voxq.api.recent import Recent
from voxq.core.refusal import Refusal
from voxq.engines import registry
from voxq.engines.contract import EngineError, EngineRequest, Traits
from voxq.engines.languages import LANGUAGES
from voxq.kinds.rewritten import LIGHT
from voxq.locale import Message
from voxq.model_catalogue import ModelCatalogue
from voxq.model_store import aliases, published

_KEPT_SECONDS = 10.0
"""Maximum age of the list of installed models; making it reads many directories."""

_LONGEST_ECHO = 100


@dataclass(frozen=True, slots=True)
class AvailableModels:
    """Names of models, the operator's default first; `model_catalogue` describes those that this machine
    knows."""

    names: tuple[str, ...]
    model_catalogue: ModelCatalogue
    providers: tuple[str, ...] = ()
    """Names of providers of language models, the default first."""

    @property
    def default(self) -> str:
        return self.names[0]

    def choose(self, wanted: str) -> str | None:
        """Return the name of the requested model; None if blank, which leaves the choice to the service.

        Raises Refusal ("model_not_found"), with the available names.
        """
        if not wanted.strip():
            return None
        name = aliases.resolve(wanted, self.names, self.default)
        if name is None:
            raise Refusal("model_not_found", _lacking(wanted), model=_shown(wanted), models=list(self.names))
        return name

    def translator(self, wanted: str) -> str:
        """Return the model for a translation into English: another than the default if need be, unless the
        client names one.

        Raises Refusal ("model_not_found"; "unsupported_value", with the names of models that can translate).
        """
        name = self.choose(wanted) or self.default
        able = [other for other in self.names if self._translates(other)]
        if name in able:
            return name
        other = aliases.resolve("whisper", able) or next(iter(able), None)
        if other is None or wanted.strip().casefold() == name.casefold():
            raise Refusal(
                "unsupported_value", Message("{name} cannot translate", name=name), field="model", models=able
            )
        return other

    def detector(self) -> str | None:
        """Return the first model that detects languages, as far as is known here; None if there is none."""
        for name in self.names:
            traits = self._traits(name)
            if traits is None or traits.detects_language:
                return name
        return None

    def _translates(self, name: str) -> bool:
        """Whether a model translates; False if only the settings of another machine know it."""
        traits = self._traits(name)
        return traits is not None and traits.translates

    def _traits(self, name: str) -> Traits | None:
        """Return the traits of a model; None if only the settings of another machine know it."""
        known = self.model_catalogue.described(name)
        if known is None:
            return None
        try:
            request = EngineRequest(known.engine, known.model)
            return registry.find(known.engine).traits_for(request)
        except EngineError:
            return None

    def languages_of(self, name: str) -> tuple[str, ...]:
        """Return the language codes that may be requested of this model."""
        entry = self.model_catalogue.entry_of(name)
        return (entry.language_codes if entry else None) or LANGUAGES

    def aliases_of(self, name: str) -> list[str]:
        return aliases.aliases_of(name, self.names, self.default)


class ModelWatch:
    """Models that living workers offer; without workers, those installed on this machine."""

    def __init__(
        self, overview: WorkerWatch, model_catalogue: ModelCatalogue, providers: tuple[str, ...]
    ) -> None:
        """`providers`: names of the providers of language models in this machine's settings."""
        self._overview = overview
        self._catalogue = model_catalogue
        self._providers = providers
        self._installed = Recent(self._look_here, _KEPT_SECONDS)

    async def recent(self) -> AvailableModels:
        """Return the models. Raises redis.exceptions.RedisError when Redis is unavailable."""
        overview = await self._overview.recent()
        names = overview.models or await self._installed.get()
        offered = tuple(name for name in overview.rewriters if name != LIGHT)
        return AvailableModels(names, self._catalogue, offered or self._providers)

    async def _look_here(self) -> tuple[str, ...]:
        try:
            return tuple(model.name for model in await asyncio.to_thread(self._catalogue.all))
        # The default can be requested all the same: a worker will know whether it exists.
        except OSError as error:
            logger.warning("installed models cannot be listed: {}", error.strerror)
            return (self._catalogue.default.name,)


def _lacking(wanted: str) -> str:
    """Return the error message for a model that is not available."""
    known = [model.name for model in published.MODELS if model.role == "recogniser"]
    if name := aliases.resolve(wanted, known):
        return Message("The model {name} is not installed here ('voxq models pull {name}')", name=name)
    return Message("Model not found")


def _shown(text: str) -> str:
    """Quote a client's text for an error message: cut, and with unprintable characters escaped."""
    cut = text[:_LONGEST_ECHO]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
