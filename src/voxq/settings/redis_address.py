"""Addresses of Redis as an operator writes them. They may hold a password, so no error quotes any of them."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from voxq.locale import Message

_ADVICE = (
    "cannot be read as redis://:password@host:port/db; "
    "in a password, # is %23, / is %2F, ? is %3F, @ is %40, : is %3A and % is %25"
)
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%[\w.-]+)?")


def check_url(url: str) -> str:
    """Accept a URL that Redis' client will read as it is meant. Raises ValueError."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(Message("must start with redis://, rediss:// or unix://"))
    try:
        is_clear = _is_clear(urlsplit(url))
    except ValueError:  # its message quotes what it took for the port, which may be half of a password
        is_clear = False
    # A # that belongs to a password cuts the rest off, and spaces and control characters are removed.
    if not is_clear or "#" in url or re.search(r"[\s\x00-\x1f]", url):
        raise ValueError(_ADVICE)
    return url


def check_host(host: str) -> str:
    """Accept the name or the address of a host. Raises ValueError."""
    if not _HOST.fullmatch(host) or host.count(":") == 1:
        raise ValueError(
            Message("must be the name or the address of a host, and nothing else; see also REDIS_PORT")
        )
    return host


def place(url: str) -> str:
    """Host and port, or socket path, of a Redis URL: without secrets, for messages."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname}:{parts.port or 6379}"


def _is_clear(parts: SplitResult) -> bool:
    """Whether host, database and parameters are such that none of them can be a part of a password.

    Raises ValueError for a port that is not a number.
    """
    if parts.scheme == "unix":
        return len(parts.path) > 1
    has_host = bool(parts.hostname) and parts.port != 0
    return has_host and bool(re.fullmatch(r"(/\d*)?", parts.path)) and "@" not in parts.query
