"""Cache layouts of the hubs' own tools, over several generations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path


def modelscope_roots(environ: Mapping[str, str], given: Iterable[Path]) -> tuple[Path, ...]:
    """Return the directories in which ModelScope's tools or the operator may have put models.

    Those in `given`, from the operator's settings, come before ModelScope's own.
    """
    own = Path(environ.get("MODELSCOPE_CACHE") or "~/.cache/modelscope")
    return tuple(path.expanduser() for path in (*given, own, own / "hub"))


def in_modelscope(root: Path, repository: str) -> Iterator[Path]:
    """Yield the possible places of "owner/name" in such a directory, best first."""
    owner, name = repository.split("/")
    # Until 1.37 ModelScope spelled a dot in a name as three underscores.
    for spelling in dict.fromkeys((name, name.replace(".", "___"))):
        yield root / "models" / owner / spelling
        yield root / owner / spelling
    # Since 1.38 it keeps several revisions side by side.
    snapshots = root / "models" / f"{owner}--{name}" / "snapshots"
    yield from (snapshots / "master", snapshots / "main")
    yield from _newest_first(snapshots)


def huggingface_cache(environ: Mapping[str, str]) -> Path:
    """Return the cache directory of Hugging Face's tools, by their own environment variables."""
    cache = Path(environ.get("XDG_CACHE_HOME") or "~/.cache")
    home = Path(environ.get("HF_HOME") or cache / "huggingface")
    own = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE") or home / "hub"
    return Path(own).expanduser()


def in_huggingface(cache: Path, repository: str) -> Iterator[Path]:
    """Yield the snapshots of "owner/name" in such a cache: that of the main branch, then newest first."""
    place = cache / f"models--{repository.replace('/', '--')}"
    snapshots = place / "snapshots"
    with suppress(OSError, ValueError):  # no such cache, or its file is not text
        revision = (place / "refs" / "main").read_text().strip()
        if revision and "/" not in revision:
            yield snapshots / revision
    yield from _newest_first(snapshots)


def _newest_first(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    except OSError:
        return []
