"""An engine of another package, for tests of environments: it needs another version of a library of ours.

It answers with what that library says. Hotwords make it misbehave: "die" ends the process, "lie" gives an
answer that is none, "flood" sends garbage to the worker.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence

from voxq.engines.contract import (
    AudioItem,
    Capability,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recognised,
    Segment,
    Traits,
)


class Contrary:
    """See the module."""

    revision = "contrary:1"

    def run(self, batch: Sequence[AudioItem]) -> list[Recognised]:
        return [self._answer(item) for item in batch]

    def _answer(self, item: AudioItem) -> Recognised:
        import redis  # of this environment

        hotwords = item.options.get("hotwords", ())
        if "die" in hotwords:
            os._exit(9)
        if "lie" in hotwords:
            return "nonsense"  # pyright: ignore[reportReturnType]
        if "flood" in hotwords:
            _flood()
        return Recognised((Segment(redis.__version__, 0.0, item.seconds),), "en")


def _flood() -> None:
    """Into every socket there is."""
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"\xff" * 4096)


def _load(request: EngineRequest, models: ModelPaths) -> Contrary:
    return Contrary()


FAMILY = EngineFamily(
    name="contrary",
    capability=Capability.RECOGNISE,
    summary="Contradicts",
    load=_load,
    traits_for=lambda request: Traits(max_items=4, per_call=()),
    models=("contrary",),
    options=frozenset({"hotwords"}),
)
