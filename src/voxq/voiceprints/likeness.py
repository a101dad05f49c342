"""Voice match: the voice of Kokoro that is most like a voiceprint. It is a likeness, never a clone.

The embeddings of the voices are a table in this package, made by `scripts/kokoro_likeness.py`. Light, so that
the API can use it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from voxq.locale import Message
from voxq.voiceprints.comparing import Incomparable, checked, similarity

TABLE = Path(__file__).with_name("kokoro_likeness.json")
"""{"revision": of the embedder, "voices": {name: vector of unit length}}."""


class OtherRevision(Incomparable):
    """The vector is of another model than those of the voices."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A voice and the cosine of its embedding and that of the voice it stands for, -1.0 to 1.0."""

    voice: str
    similarity: float


@dataclass(frozen=True, slots=True)
class _Table:
    revision: str
    voices: Mapping[str, tuple[float, ...]]


@cache
def _table() -> _Table:
    read = json.loads(TABLE.read_text("utf-8"))
    return _Table(read["revision"], {name: tuple(vector) for name, vector in read["voices"].items()})


def most_alike(
    vector: Sequence[float], revision: str, among: Collection[str], most: int = 1
) -> tuple[Likeness, ...]:
    """Return up to `most` of the voices named in `among` that are most like a vector, the best first; none
    if the table knows none of them.

    Raises OtherRevision, or Incomparable for a vector of another length, or with numbers that are not
    finite.
    """
    table = _table()
    length = len(next(iter(table.voices.values())))
    if revision != table.revision:
        raise OtherRevision(
            Message(
                "A vector of {revision!r} cannot be compared with one of {other!r}",
                revision=revision[:100],
                other=table.revision,
            )
        )
    wanted = checked(vector, revision, table.revision, length)
    found = [
        Likeness(name, round(similarity(wanted, own), 4))
        for name, own in table.voices.items()
        if name in among
    ]
    return tuple(sorted(found, key=lambda each: -each.similarity)[:most])
