"""The faulty engine with a log of its calls and selective faults, for tests of the worker.

Engine "counting_engine:KIND" with VOXQ_TEST_ENGINES=1. Every call adds a line to the file VOXQ_TEST_CALLS,
before anything else happens: the process, the model, and for each chunk its seconds and hotwords. Chunks of
all tasks may share a call, whatever their hotwords. Besides `faulty_engine`'s words a chunk may have:

only-over-<n>   its faults affect only chunks of more than n seconds
only-once       its faults occur once, even if they end the process
gated           waits until the file `calls.gate` exists, a minute at most
gated-after-<n> the same, except in the first n calls of a process with this word

Loading takes VOXQ_TEST_LOAD_SECONDS, and VOXQ_TEST_LOAD_MB of memory. Models named in VOXQ_TEST_BROKEN
(comma-separated) do not load, and none does while the file `calls.broken` exists.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faulty_engine

from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    Capability,
    ChunkError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Options,
    Recognised,
    Recogniser,
    Traits,
)

_ONLY_OVER = re.compile(r"only-over-(\d+)")
_GATED = re.compile(r"gated(?:-after-(\d+))?")


@dataclass(slots=True)
class Counting:
    """Faulty engine that logs its calls; see the module."""

    inner: Recogniser
    calls: Path
    model: str
    ballast: bytes
    revision: str = "counting"
    let_through: int = 0
    """Number of calls with a gated chunk so far."""

    def run(self, batch: Sequence[AudioItem]) -> Sequence[Recognised | ChunkError]:
        chunks = [(round(item.seconds, 2), _hotwords(item.options)) for item in batch]
        with self.calls.open("a") as log:
            log.write(json.dumps({"pid": os.getpid(), "model": self.model, "chunks": chunks}) + "\n")
        gates = [int(gate[1] or 0) for item in batch if (gate := _gate_of(item.options))]
        if gates and self.let_through >= min(gates):
            self._wait_for_gate()
        self.let_through += bool(gates)
        return self.inner.run([AudioItem(item.samples, self._allowed(item)) for item in batch])

    def _wait_for_gate(self) -> None:
        deadline = time.monotonic() + 60
        while not self.calls.with_suffix(".gate").exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _allowed(self, item: AudioItem) -> Options:
        """Options of the chunk without the faults that do not apply to it, or not again."""
        harmless = {**item.options, "hotwords": ()}
        for word in _hotwords(item.options):
            match = _ONLY_OVER.fullmatch(word)
            if match and len(item.samples) <= int(match[1]) * SAMPLE_RATE:
                return harmless
        if "only-once" in _hotwords(item.options):
            try:
                self.calls.with_suffix(".once").touch(exist_ok=False)
            except FileExistsError:
                return harmless
        return item.options


def _hotwords(options: Options) -> Sequence[str]:
    return options.get("hotwords", ())


def _gate_of(options: Options) -> re.Match[str] | None:
    return next(filter(None, map(_GATED.fullmatch, _hotwords(options))), None)


def _traits_for(request: EngineRequest) -> Traits:
    """Batches may mix all options."""
    return replace(faulty_engine.KIND.traits_for(request), per_call=())


def _load(request: EngineRequest, models: ModelPaths) -> Counting:
    time.sleep(float(os.environ.get("VOXQ_TEST_LOAD_SECONDS", "0")))
    if Path(os.environ["VOXQ_TEST_CALLS"]).with_suffix(".broken").exists():
        raise RuntimeError("Its weights are gone.")
    if request.model in os.environ.get("VOXQ_TEST_BROKEN", "").split(","):
        raise RuntimeError("This model was to be broken.")
    return Counting(
        faulty_engine.KIND.load(request, models),
        Path(os.environ["VOXQ_TEST_CALLS"]),
        request.model,
        ballast=b"x" * (int(os.environ.get("VOXQ_TEST_LOAD_MB", "0")) << 20),
    )


KIND = EngineFamily(
    "counting",
    Capability.RECOGNISE,
    "Misbehaves on demand, and counts",
    _load,
    _traits_for,
    devices=("cpu", "cuda"),
)
