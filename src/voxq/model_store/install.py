"""Where a model's files come from: the packages that carry them in parts, or a hub."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from voxq.model_store import npm
from voxq.model_store.model import Hubs, Model, ModelError, Packages, Progress
from voxq.model_store.stamp import Stamp

_BLOCK = 1 << 20


def assemble(
    model: Model, hub_name: str | None, environ: Mapping[str, str], building: Path, report: Progress
) -> Stamp:
    """Put the model's files into the directory `building`, verified: from packages, else from a hub.

    With `hub_name`, from that hub where one has the model. Raises ModelError.
    """
    from voxq.model_store.download import download  # an HTTP client, which only this needs of all the service

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
