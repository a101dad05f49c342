"""The real FunASR engine with a log of its calls, as `counting_engine` writes it, for tests of the worker.

Engine "counted_funasr:KIND" with VOXQ_TEST_ENGINES=1. The small models of the tests finish before a test can
observe them, so two hotwords slow them down: a call with a chunk that has "slowly" takes 0.3 s more, and one
with "gated" waits until the file `calls.gate` exists, 30 s at most.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voxq.engines.contract import (
    AudioItem,
    ChunkError,
    EngineRequest,
    ModelPaths,
    Recognised,
    Recogniser,
)
from voxq.engines.recognise import funasr

_SLOWLY = 0.3
_PATIENCE = 30.0


@dataclass(slots=True)
class Counted:
    """FunASR engine that logs its calls; see the module."""

    inner: Recogniser
    model: str
    calls: Path

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def _gate(self) -> Path:
        return self.calls.with_suffix(".gate")

    def run(self, batch: Sequence[AudioItem]) -> Sequence[Recognised | ChunkError]:
        chunks = [(round(item.seconds, 2), item.options.get("hotwords", ())) for item in batch]
        with self.calls.open("a") as log:
            log.write(json.dumps({"pid": os.getpid(), "model": self.model, "chunks": chunks}) + "\n")
        hotwords = {word for _, words in chunks for word in words}
        if "slowly" in hotwords:
            time.sleep(_SLOWLY)
        deadline = time.monotonic() + _PATIENCE
        while "gated" in hotwords and not self._gate.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.inner.run(batch)


def _load(request: EngineRequest, models: ModelPaths) -> Counted:
    return Counted(funasr.FAMILY.load(request, models), request.model, Path(os.environ["VOXQ_TEST_CALLS"]))


KIND = replace(funasr.FAMILY, load=_load)
