"""All of a model's files out of a hub, or the next one that has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from voxq.model_store import hub
from voxq.model_store.model import Hubs, ModelError, Progress
from voxq.model_store.stamp import Stamp


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
