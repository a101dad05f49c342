"""Items of a batch as what is to be rewritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

from voxq.engines.contract import ChunkError, TextItem
from voxq.locale import Message
from voxq.rewriting.prompts import TARGETS
from voxq.rewriting.request import Mode, Rewrite, primary

RAW = "raw"
"""The mode of a text that came back as it was given."""

_BAD = ChunkError("bad_option", Message("The options of this text cannot be read."))


def read(item: TextItem) -> Rewrite | ChunkError:
    """Read an item by its options."""
    options = item.options
    try:
        segments = [
            (float(start), float(end), str(text)) for start, end, text in options.get("segments") or ()
        ]
        rewrite = Rewrite(
            item.text,
            Mode(options.get("mode", Mode.LIGHT)),
            options.get("language"),
            str(options.get("prompt") or ""),
            options.get("target"),
            tuple(segments),
        )
        has_target = primary(rewrite.target or "") in TARGETS
    except (AttributeError, TypeError, ValueError):
        return _BAD
    return rewrite if has_target or rewrite.mode is not Mode.TRANSLATE else _BAD


def prompts_digest() -> str:
    """Return a digest of the prompts: other prompts give other answers."""
    digest = hashlib.sha256()
    for name, content in sorted(_texts(files("voxq.rewriting.prompts"))):
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()[:12]


def _texts(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _texts(entry, name)
        elif entry.name.endswith(".txt"):
            yield name, entry.read_text("utf-8")
