"""Paths that a client may have meant with one that does not exist.

Clients append a path to their base URL, which is easily wrong: without /v1, with it twice, with a slash at
its end, or with the whole path already.
"""

from __future__ import annotations

from collections.abc import Iterable

_LAST_SEGMENTS = 2
"""Number of segments at the end of a path that say what is meant, such as audio/transcriptions."""


def meant(asked: str, there: Iterable[str]) -> str | None:
    """Return the only path of `there` that ends as the one asked for, slashes aside; None if there is none,
    or several. Paths with parameters do not count."""
    segments = _segments(asked)
    known = [path for path in there if "{" not in path]
    exact = [path for path in known if _segments(path) == segments]
    alike = [path for path in known if _segments(path)[-_LAST_SEGMENTS:] == segments[-_LAST_SEGMENTS:]]
    return next((found[0] for found in (exact, alike) if len(found) == 1), None)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
