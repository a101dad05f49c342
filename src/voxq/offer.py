"""The models of one service: the default, the operator's own by name, and what is installed beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from voxq.engines import registry
from voxq.models import aliases, catalogue
from voxq.models.catalogue import UnknownModel
from voxq.models.store import ModelStore
from voxq.settings import Settings


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that clients may ask for by `name`; `engine` loads it, and `model` is what the model store
    knows it by: a name, "owner/name" in a hub, or a path of the operator's."""

    name: str
    engine: str
    model: str


class Offer:
    """Looks at the disk each time: models can be installed while the service runs."""

    def __init__(self, default: Offered, own: Sequence[Offered], store: ModelStore) -> None:
        """`own`: what the operator offers by name, whatever the catalogue says of it."""
        self.default = default
        self._own: Mapping[str, Offered] = {model.name: model for model in (*own, default)}
        self._store = store

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            default_model(settings),
            [Offered(name, engine, model) for name, (engine, model) in settings.own_models.items()],
            ModelStore(search=[settings.asr_model_path]),
        )

    def all(self) -> tuple[Offered, ...]:
        """The default first, then by name; of the catalogue's only what can be loaded: its companions and its
        engine are here, too. Reads directories."""
        installed = {model.name for model in self._store.list()}
        known = {
            model.name: _of_catalogue(model)
            for model in catalogue.MODELS
            if model.role == "recogniser"
            and installed.issuperset((model.name, *model.needs))
            and registry.is_installed(model.engine)
        }
        others = {**known, **self._own}
        others.pop(self.default.name, None)
        return (self.default, *(others[name] for name in sorted(others)))

    def find(self, name: str | None) -> Offered:
        """The offered model of this name or alias; the default for None. Reads directories.

        Raises UnknownModel, with the names there are.
        """
        if name is None:
            return self.default
        if name in self._own:
            return self._own[name]
        there = {model.name: model for model in self.all()}
        found = aliases.resolve(name, there, self.default.name)
        if found is None:
            raise UnknownModel(f"There is no model {name!r} here. There are: {', '.join(there)}.")
        return there[found]

    def entry_of(self, name: str) -> catalogue.Model | None:
        """What the catalogue says of the model offered by this name; None of one that is the operator's."""
        model = self._own[name].model if name in self._own else name
        return next((entry for entry in catalogue.MODELS if entry.name == model), None)

    def described(self, name: str) -> Offered | None:
        """The model offered by this name, installed or not; None of one that only another machine's settings
        know."""
        entry = self.entry_of(name)
        return self._own.get(name) or (_of_catalogue(entry) if entry else None)

    def engine_of(self, name: str) -> str | None:
        """None of a name that only another machine's settings know."""
        described = self.described(name)
        return described.engine if described else None


def default_model(settings: Settings) -> Offered:
    """ASR_MODEL. One of the catalogue brings its engine along; ASR_ENGINE is for all others."""
    given = settings.asr_model
    try:
        return _of_catalogue(catalogue.find(given))
    except UnknownModel:
        return Offered(Path(given).name, settings.asr_engine, given)


def _of_catalogue(model: catalogue.Model) -> Offered:
    return Offered(model.name, model.engine, model.name)
