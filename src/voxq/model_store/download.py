"""Download of all files of a model from a hub, or from the next one that has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from voxq.locale import Message
from voxq.model_store import hub
from voxq.model_store.model import Hubs, ModelError, Progress
from voxq.model_store.stamp import Stamp, clear_but


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model to download from hubs. Files named in `digests` (path -> SHA-256) must have that content."""

    source: Hubs
    digests: Mapping[str, str] = field(default_factory=dict)

    def choose(self, name: str, listing: hub.Listing) -> list[hub.RemoteFile]:
        """Choose the files to fetch among those a hub lists. Raises HubError if they are not the model's."""
        repository = self.source.repositories[name]
        files = [file for file in listing.files if self.source.wants(file.path)]
        if missing := set(self.source.required) - {file.path for file in files}:
            raise hub.HubError(
                Message(
                    "{repository} lacks {missing}.", repository=repository, missing=", ".join(sorted(missing))
                )
            )
        if not files:
            raise hub.HubError(Message("{repository} is empty.", repository=repository))
        for file in files:
            if file.algorithm == "sha256" and file.digest:
                self.check(file.path, file.digest.lower(), repository)
        return files

    def check(self, path: str, digest: str, repository: str) -> None:
        """Raise HubError if a file's digest is not the expected one."""
        if self.digests.get(path, digest) != digest:
            raise hub.HubError(
                Message(
                    "{path} of {repository} is not of the revision that VoxQ knows.",
                    path=path,
                    repository=repository,
                )
            )


@dataclass(frozen=True, slots=True)
class Reached:
    """A hub that has answered, with its listing of the model."""

    name: str
    remote: hub.Hub
    listing: hub.Listing


def reach(wanted: Wanted, environ: Mapping[str, str], patience: float) -> Reached | None:
    """Return the hub that is first to list the model; None if none does within `patience` seconds."""
    answers: SimpleQueue[Reached | None] = SimpleQueue()

    def ask(name: str) -> None:
        try:
            answers.put(_reached(wanted, name, environ))
        except Exception:  # whatever went wrong, this hub cannot be used
            answers.put(None)

    deadline = time.monotonic() + patience
    if hub.is_offline(environ):
        return None
    for name in wanted.source.repositories:
        # Never joined: a DNS lookup without an answer cannot be interrupted.
        threading.Thread(target=ask, args=(name,), daemon=True).start()
    for _ in wanted.source.repositories:
        try:
            if answer := answers.get(timeout=max(0.0, deadline - time.monotonic())):
                return answer
        except Empty:
            break
    return None


def download(
    wanted: Wanted, name: str | None, environ: Mapping[str, str], building: Path, report: Progress
) -> Stamp:
    """Fetch the files into the directory `building` from the hub `name`, or the first that has them.

    Resumes what an earlier attempt left there. Raises ModelError.
    """
    repositories = wanted.source.repositories
    if name and name not in repositories:
        raise ModelError(
            Message(
                "This model is not in {name!r}. It is in: {repositories}.",
                name=name,
                repositories=", ".join(repositories),
            )
        )
    failures: list[str] = []
    for chosen in [name] if name else repositories:
        try:
            return fetch(wanted, _reached(wanted, chosen, environ), building, report)
        except hub.HubError as error:
            failures.append(f"{error} (hub: {chosen})")
    raise ModelError(" ".join(failures))


def fetch(wanted: Wanted, reached: Reached, building: Path, report: Progress) -> Stamp:
    """Fetch the files from a hub that has answered, resuming an earlier attempt. Raises HubError."""
    files = wanted.choose(reached.name, reached.listing)
    # An earlier attempt may have been for another revision, or from the other hub.
    clear_but(building, {file.path for file in files})
    done, total = 0, sum(file.size for file in files)

    def advance(count: int) -> None:
        nonlocal done
        done += count
        report(done, total)

    with hub.new_client(reached.remote) as client:
        for file in files:
            place = building / file.path
            hub.fetch(client, file, place, advance)
            if file.path in wanted.digests and (file.algorithm != "sha256" or not file.digest):
                wanted.check(file.path, hub.digest(place, "sha256"), wanted.source.repositories[reached.name])
    return Stamp(reached.listing.revision, reached.name, {file.path: file.size for file in files})


def _reached(wanted: Wanted, name: str, environ: Mapping[str, str]) -> Reached:
    """Ask a hub for its listing of the model. Raises HubError."""
    remote = hub.open_hub(name, environ)
    with hub.new_client(remote) as client:
        listing = hub.listing(client, remote, wanted.source.repositories[name])
    wanted.choose(name, listing)
    return Reached(name, remote, listing)
