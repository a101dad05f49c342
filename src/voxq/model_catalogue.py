"""Models of one installation, by capability: those that engine families offer themselves and, of recognisers,
the default, the operator's own, and the installed ones of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError, EngineRequest, Requirements
from voxq.llm.provider import Provider
from voxq.locale import Message
from voxq.model_store import aliases, published
from voxq.model_store.published import UnknownModel
from voxq.model_store.store import ModelStore
from voxq.settings import Settings

_BY_MODEL = "llm"
"""Family of the models on the operator's servers."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that clients may request by `name`. `engine` loads it; `model` identifies it in the model
    store: a name, "owner/name" on a hub, or a path of the operator's."""

    name: str
    engine: str
    model: str
    config: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    """What its engine must know besides, see `EngineRequest.config`."""


class Listing(Protocol):
    """Models of one capability by name."""

    @property
    def default(self) -> ListedModel:
        """Model of a task that names none."""
        ...

    def all(self) -> tuple[ListedModel, ...]:
        """Return the installed models, the default first. Reads directories. Raises OSError, EngineError."""
        ...

    def find(self, name: str | None) -> ListedModel:
        """Find a model by name; None means the default. May read directories.

        Raises UnknownModel, EngineError or OSError.
        """
        ...

    def described(self, name: str) -> ListedModel | None:
        """Return the model of this name, installed or not; None if only other machines know it."""
        ...

    def parts_of(self, name: str) -> tuple[str, ...]:
        """Return the names in the model store of a described model and of those that it needs."""
        ...


class OfferedModels:
    """Models that the engine families of one capability offer themselves, in the order of the families."""

    def __init__(self, capability: Capability, store: ModelStore, default: str | None = None) -> None:
        """`default`: name of the operator's choice; None: the first."""
        self._capability = capability
        self._store = store
        self._default = default

    @property
    def default(self) -> ListedModel:
        """Default model, installed or not. Raises EngineError if no family offers it."""
        if self._default is not None:
            return self.find(self._default)
        for name, family in registry.models(self._capability).items():
            return ListedModel(name, family.name, name)
        raise EngineError(
            Message("No engine here offers a model that can {capability}.", capability=self._capability)
        )

    def all(self) -> tuple[ListedModel, ...]:
        installed = registry.installed(self._capability, self._store)
        names = sorted(installed, key=lambda name: name != self._default)  # stable: the others stay in order
        return tuple(ListedModel(name, installed[name].name, name) for name in names)

    def find(self, name: str | None) -> ListedModel:
        if name is None:
            return self.default
        listed = self.described(name)
        if listed is None:
            known = ", ".join(registry.models(self._capability))
            raise EngineError(Message("Unknown model {name!r}. There are: {known}.", name=name, known=known))
        return listed

    def described(self, name: str) -> ListedModel | None:
        family = registry.models(self._capability).get(name)
        return ListedModel(name, family.name, name) if family else None

    def parts_of(self, name: str) -> tuple[str, ...]:
        listed = self.described(name)
        if listed is None:
            return ()
        roles = registry.find(listed.engine).roles_for(EngineRequest(listed.engine, listed.model))
        return tuple(roles.values())


class Rewriters:
    """Models that rewrite: those of the operator's providers, the default first, then what engine families
    offer themselves, which needs no server."""

    def __init__(self, providers: Mapping[str, Provider], offered: Listing) -> None:
        self._providers = {
            name: ListedModel(name, _BY_MODEL, name, provider.config())
            for name, provider in providers.items()
        }
        self._offered = offered

    @property
    def default(self) -> ListedModel:
        return next(iter(self._providers.values()), None) or self._offered.default

    def all(self) -> tuple[ListedModel, ...]:
        return (*self._providers.values(), *self._offered.all())

    def find(self, name: str | None) -> ListedModel:
        if name is None:
            return self.default
        return self._providers.get(name) or self._offered.find(name)

    def described(self, name: str) -> ListedModel | None:
        return self._providers.get(name) or self._offered.described(name)

    def parts_of(self, name: str) -> tuple[str, ...]:
        """Return what the answers of a provider depend on: it has no files here."""
        listed = self._providers.get(name)
        return (str(listed.config["model"]),) if listed else self._offered.parts_of(name)


class ModelCatalogue:
    """Recognisers by name. The disk is read at each call, because models can be installed while the service
    runs."""

    def __init__(self, default: ListedModel, own: Sequence[ListedModel], store: ModelStore) -> None:
        """`own`: the operator's models by name, which take precedence over the catalogue."""
        self.default = default
        self._own: Mapping[str, ListedModel] = {model.name: model for model in (*own, default)}
        self._store = store

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            default_model(settings),
            [ListedModel(name, engine, model) for name, (engine, model) in settings.own_models.items()],
            ModelStore(search=[settings.asr_model_path]),
        )

    def all(self) -> tuple[ListedModel, ...]:
        """Return the default model, then the others by name; those of the catalogue only if their companions
        and their engine are installed, too. Reads directories."""
        installed = {model.name for model in self._store.list()}
        known = {
            model.name: _of_catalogue(model)
            for model in published.MODELS
            if model.role == "recogniser"
            and installed.issuperset((model.name, *model.needs))
            and registry.is_installed(model.engine)
        }
        others = {**_of_families(), **known, **self._own}
        others.pop(self.default.name, None)
        return (self.default, *(others[name] for name in sorted(others)))

    def find(self, name: str | None) -> ListedModel:
        """Find a model by name or alias; None means the default. Reads directories.

        Raises UnknownModel, with the available names.
        """
        if name is None:
            return self.default
        if name in self._own:
            return self._own[name]
        there = {model.name: model for model in self.all()}
        found = aliases.resolve(name, there, self.default.name)
        if found is None:
            raise UnknownModel(
                Message(
                    "There is no model {name!r} here. There are: {there}.", name=name, there=", ".join(there)
                )
            )
        return there[found]

    def entry_of(self, name: str) -> published.Model | None:
        """Return the catalogue entry for this name; None for an operator's own model."""
        model = self._own[name].model if name in self._own else name
        return next((entry for entry in published.MODELS if entry.name == model), None)

    def described(self, name: str) -> ListedModel | None:
        """Return the model for this name, installed or not; None if only another machine's settings know
        it."""
        entry = self.entry_of(name)
        return self._own.get(name) or (_of_catalogue(entry) if entry else _of_families().get(name))

    def parts_of(self, name: str) -> tuple[str, ...]:
        """Return the names in the model store of a described model and of those that it needs."""
        listed, entry = self.described(name), self.entry_of(name)
        return ((listed.model,) if listed else ()) + (entry.needs if entry else ())

    def engine_of(self, name: str) -> str | None:
        """Return the engine for this name; None if only another machine's settings know it."""
        described = self.described(name)
        return described.engine if described else None


def listings_of(settings: Settings) -> Mapping[Capability, Listing]:
    """Return the models of every capability."""
    store = ModelStore(search=[settings.asr_model_path])
    offered: dict[Capability, Listing] = {each: OfferedModels(each, store) for each in Capability}
    return offered | {
        Capability.RECOGNISE: ModelCatalogue.of(settings),
        Capability.REWRITE: Rewriters(settings.providers, offered[Capability.REWRITE]),
        Capability.EMBED: OfferedModels(Capability.EMBED, store, settings.speaker_model),
    }


def default_model(settings: Settings) -> ListedModel:
    """Return ASR_MODEL. For a catalogue model or one that a family provides, the engine is known; ASR_ENGINE
    applies to all others."""
    given = settings.asr_model
    try:
        return _of_catalogue(published.find(given))
    except UnknownModel:
        return _of_families().get(given) or ListedModel(Path(given).name, settings.asr_engine, given)


def missing_for(settings: Settings) -> Requirements | None:
    """Return what to install before a worker can start here; None if nothing is missing."""
    main = settings.capabilities[0]
    return registry.missing(listings_of(settings)[main].default.engine)


def _of_catalogue(model: published.Model) -> ListedModel:
    return ListedModel(model.name, model.engine, model.name)


def _of_families() -> dict[str, ListedModel]:
    """Return the recognisers that families provide themselves, by name."""
    offered = registry.models(Capability.RECOGNISE)
    return {name: ListedModel(name, family.name, name) for name, family in offered.items()}
