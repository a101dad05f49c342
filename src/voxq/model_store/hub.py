"""Model hubs over HTTP: listing a repository's files, and fetching them with resume and verification.

Each hub has its own protocol, but both use one HTTP client, so that mirrors, proxies, resuming and checksums
behave the same. A hub's answers are not trusted: paths must stay inside the target, and sizes and digests
must match.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Protocol
from urllib.parse import quote

import httpx

from voxq.back_off import BackOff
from voxq.locale import Message
from voxq.model_store.model import HUBS

Advance = Callable[[int], None]
"""Called with the number of bytes newly arrived; negative if bytes must be fetched again."""

_BLOCK = 1 << 20
_RETRIES = BackOff.growing(0.2, most=1.6)
"""Pauses between a broken connection and the next, with one retry after each."""
_TIMEOUT = httpx.Timeout(30.0)


class HubError(Exception):
    """A hub cannot be reached, lacks the repository or file, or sent other content than it listed."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository. `size` is in bytes; `digest` is hexadecimal, or None if the hub gives none."""

    path: str
    size: int
    url: str
    digest: str | None
    algorithm: Literal["sha256", "git"]
    """"git" is git's blob hash: SHA-1 over a header and the content."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository at one revision."""

    revision: str
    files: tuple[RemoteFile, ...]


class Hub(Protocol):
    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request; credentials are not forwarded to another host."""
        ...

    def listing(self, client: httpx.Client, repository: str) -> Listing:
        """List all files of "owner/name"."""
        ...


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """huggingface.co, or the mirror in HF_ENDPOINT; HF_TOKEN gives access to gated repositories."""

    endpoint: str
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def listing(self, client: httpx.Client, repository: str) -> Listing:
        url = f"{self.endpoint}/api/models/{repository}/revision/main"
        answer = _get_json(client, url, {"blobs": "true"})
        revision = str(answer["sha"])
        return Listing(revision, tuple(self._file(repository, revision, s) for s in answer["siblings"]))

    def _file(self, repository: str, revision: str, sibling: Mapping[str, Any]) -> RemoteFile:
        path = safe_path(sibling["rfilename"])
        url = f"{self.endpoint}/{repository}/resolve/{quote(revision)}/{quote(path)}"
        if lfs := sibling.get("lfs"):
            return RemoteFile(path, int(lfs["size"]), url, str(lfs["sha256"]), "sha256")
        return RemoteFile(path, int(sibling["size"]), url, sibling.get("blobId"), "git")


@dataclass(frozen=True, slots=True)
class ModelScope:
    """modelscope.cn, or the address in MODELSCOPE_ENDPOINT or the older MODELSCOPE_DOMAIN."""

    endpoint: str

    @property
    def headers(self) -> dict[str, str]:
        return {}

    def listing(self, client: httpx.Client, repository: str) -> Listing:
        url = f"{self.endpoint}/api/v1/models/{repository}/repo/files"
        answer = _get_json(client, url, {"Revision": "master", "Recursive": "True"})
        entries = [entry for entry in answer["Data"]["Files"] if entry["Type"] != "tree"]
        files = tuple(self._file(repository, entry) for entry in entries)
        return Listing(_content_revision(files), files)

    def _file(self, repository: str, entry: Mapping[str, Any]) -> RemoteFile:
        path = safe_path(entry["Path"])
        query = httpx.QueryParams({"Revision": "master", "FilePath": path})
        url = f"{self.endpoint}/api/v1/models/{repository}/repo?{query}"
        return RemoteFile(path, int(entry["Size"]), url, entry.get("Sha256") or None, "sha256")


def open_hub(name: str, environ: Mapping[str, str]) -> Hub:
    """Return the hub of this name, configured by the hubs' own environment variables. Raises HubError."""
    if name == "huggingface":
        if is_offline(environ):
            raise HubError(Message("HF_HUB_OFFLINE is set: Hugging Face is not contacted."))
        endpoint = environ.get("HF_ENDPOINT") or "https://huggingface.co"
        return HuggingFace(endpoint.rstrip("/"), environ.get("HF_TOKEN"))
    if name == "modelscope":
        scheme = environ.get("MODELSCOPE_URL_SCHEME") or "https://"
        given = environ.get("MODELSCOPE_ENDPOINT") or environ.get("MODELSCOPE_DOMAIN")
        domain = given or "www.modelscope.cn"
        return ModelScope((domain if "://" in domain else scheme + domain).rstrip("/"))
    raise HubError(Message("Unknown hub {name!r}. There are: {hubs}.", name=name, hubs=", ".join(HUBS)))


def is_offline(environ: Mapping[str, str]) -> bool:
    """Whether HF_HUB_OFFLINE tells Hugging Face's tools to stay off the network."""
    return environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def new_client(hub: Hub) -> httpx.Client:
    """Return a client that follows redirects to the hub's storage and the environment's proxy settings."""
    # A compressed response could not be resumed at a byte.
    headers = {"User-Agent": "voxq", "Accept-Encoding": "identity", **hub.headers}
    return httpx.Client(follow_redirects=True, timeout=_TIMEOUT, headers=headers)


def safe_path(path: str) -> str:
    """Return `path` if it stays inside the repository. Raises HubError otherwise."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise HubError(Message("The hub lists a file with the unsafe path {path!r}.", path=path))
    return path


def listing(client: httpx.Client, hub: Hub, repository: str) -> Listing:
    """List all files of "owner/name" at its newest revision. Raises HubError."""
    try:
        return hub.listing(client, repository)
    except (KeyError, TypeError, ValueError) as error:
        raise HubError(
            Message("The hub's answer is not a list of files ({kind}).", kind=type(error).__name__)
        ) from None


def fetch(client: httpx.Client, file: RemoteFile, target: Path, advance: Advance) -> None:
    """Download `file` to `target`, resuming where an earlier attempt stopped. Raises HubError.

    Broken connections are retried; a complete file with a wrong digest is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    if target.stat().st_size > file.size:
        target.write_bytes(b"")
    begun = target.stat().st_size
    _complete(client, file, target, advance)
    if begun and _is_damaged(file, target):
        # The beginning may come from another revision, or from the other hub.
        advance(-file.size)
        target.write_bytes(b"")
        _complete(client, file, target, advance)
    if _is_damaged(file, target):
        target.unlink()
        raise HubError(
            Message("{path} arrived with a wrong checksum and was removed; try again.", path=file.path)
        )


def _is_damaged(file: RemoteFile, target: Path) -> bool:
    return file.digest is not None and digest(target, file.algorithm) != file.digest.lower()


def _complete(client: httpx.Client, file: RemoteFile, target: Path, advance: Advance) -> None:
    """Fetch the missing bytes, reconnecting a limited number of times. Raises HubError."""
    advance(target.stat().st_size)
    failure = "the connection keeps breaking"
    for pause in (0.0, *_RETRIES.pauses):
        if target.stat().st_size == file.size:
            break
        time.sleep(pause)
        try:
            _append(client, file, target, advance)
        except httpx.HTTPError as error:
            failure = _reason(error)
            if isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error:
                break  # asking again would not help
    if target.stat().st_size != file.size:
        raise HubError(
            Message("{path}: {failure}. What has arrived is kept.", path=file.path, failure=failure)
        )


def _append(client: httpx.Client, file: RemoteFile, target: Path, advance: Advance) -> None:
    """Send one request for the missing bytes and append them."""
    have = target.stat().st_size
    with client.stream("GET", file.url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        if have and not resumed:  # this server sends the file from its beginning
            advance(-have)
            have = 0
        with target.open("ab" if resumed else "wb") as stream:
            for block in response.iter_bytes():  # without a size: a partial block would be lost in a break
                have += len(block)
                if have > file.size:
                    raise HubError(Message("{path} is longer than the hub said.", path=file.path))
                stream.write(block)
                advance(len(block))


def digest(path: Path, algorithm: Literal["sha256", "git"]) -> str:
    """Return the hexadecimal digest of a file."""
    hasher = hashlib.sha256() if algorithm == "sha256" else hashlib.sha1(usedforsecurity=False)
    if algorithm == "git":
        hasher.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()


def _content_revision(files: tuple[RemoteFile, ...]) -> str:
    """Derive a revision from the files' digests, because ModelScope's branch does not identify content."""
    return hashlib.sha256("\n".join(sorted(f"{f.path} {f.digest}" for f in files)).encode()).hexdigest()


def _get_json(client: httpx.Client, url: str, params: Mapping[str, str]) -> Any:
    try:
        response = client.get(url, params=dict(params))
        response.raise_for_status()
        return response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise HubError(
            Message(
                "The hub at {host} cannot be reached: {reason}",
                host=httpx.URL(url).host,
                reason=_reason(error),
            )
        ) from None


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"it answers {error.response.status_code} {error.response.reason_phrase}"
    return str(error) or type(error).__name__
