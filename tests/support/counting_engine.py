"""The faulty engine, with a log of its calls and with faults that choose: for tests of the worker.

Engine "counting_engine:KIND" with VOXQ_TEST_ENGINES=1. Every call adds a line to the file VOXQ_TEST_CALLS,
before anything else happens: the process, the model, and for each chunk its seconds and hotwords. Chunks of
all tasks may share a call, whatever their hotwords. Beside `faulty_engine`'s words a chunk may have:

only-over-<n>   its faults happen to chunks of more than n seconds only
only-once       its faults happen once, whatever process they end
gated           waits until the file `calls.gate` is there, a minute at most
gated-after-<n> the same, but for the first n calls of a process with this word

Loading it takes VOXQ_TEST_LOAD_SECONDS, and VOXQ_TEST_LOAD_MB of memory. Models of the names between commas
in VOXQ_TEST_BROKEN do not load, and none does while the file `calls.broken` is there.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import faulty_engine

from voxq.engines.base import (
    ChunkError,
    ChunkOptions,
    ChunkResult,
    Engine,
    EngineKind,
    EngineRequest,
    EngineTraits,
    ModelPaths,
)
from voxq.speech.audio import SAMPLE_RATE, Samples

_ONLY_OVER = re.compile(r"only-over-(\d+)")
_GATED = re.compile(r"gated(?:-after-(\d+))?")


@dataclass(frozen=True, slots=True)
class Sociable(EngineTraits):
    """Traits of an engine whose batches may mix all options."""

    def batch_key(self, options: ChunkOptions) -> str:
        return "any"


@dataclass(slots=True)
class Counting:
    """See the module."""

    traits: EngineTraits
    inner: Engine
    calls: Path
    model: str
    ballast: bytes
    revision: str = "counting"
    let_through: int = 0
    """Calls with a gated chunk so far."""

    def transcribe(self, batch: Sequence[tuple[Samples, ChunkOptions]]) -> list[ChunkResult | ChunkError]:
        chunks = [(round(len(samples) / SAMPLE_RATE, 2), options.hotwords) for samples, options in batch]
        with self.calls.open("a") as log:
            log.write(json.dumps({"pid": os.getpid(), "model": self.model, "chunks": chunks}) + "\n")
        gates = [int(gate[1] or 0) for _, options in batch if (gate := _gate_of(options))]
        if gates and self.let_through >= min(gates):
            self._wait_for_gate()
        self.let_through += bool(gates)
        return self.inner.transcribe(
            [(samples, self._allowed(samples, options)) for samples, options in batch]
        )

    def _wait_for_gate(self) -> None:
        deadline = time.monotonic() + 60
        while not self.calls.with_suffix(".gate").exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _allowed(self, samples: Samples, options: ChunkOptions) -> ChunkOptions:
        """The options without the faults that are not to happen to this chunk, or not again."""
        for word in options.hotwords:
            match = _ONLY_OVER.fullmatch(word)
            if match and len(samples) <= int(match[1]) * SAMPLE_RATE:
                return replace(options, hotwords=())
        if "only-once" in options.hotwords:
            try:
                self.calls.with_suffix(".once").touch(exist_ok=False)
            except FileExistsError:
                return replace(options, hotwords=())
        return options


def _gate_of(options: ChunkOptions) -> re.Match[str] | None:
    return next(filter(None, map(_GATED.fullmatch, options.hotwords)), None)


def _traits_for(request: EngineRequest) -> EngineTraits:
    plain = faulty_engine.KIND.traits_for(request)
    return Sociable(**{each.name: getattr(plain, each.name) for each in fields(plain)})


def _load(request: EngineRequest, models: ModelPaths) -> Counting:
    time.sleep(float(os.environ.get("VOXQ_TEST_LOAD_SECONDS", "0")))
    if Path(os.environ["VOXQ_TEST_CALLS"]).with_suffix(".broken").exists():
        raise RuntimeError("Its weights are gone.")
    if request.model in os.environ.get("VOXQ_TEST_BROKEN", "").split(","):
        raise RuntimeError("This model was to be broken.")
    return Counting(
        _traits_for(request),
        faulty_engine.KIND.load(request, models),
        Path(os.environ["VOXQ_TEST_CALLS"]),
        request.model,
        ballast=b"x" * (int(os.environ.get("VOXQ_TEST_LOAD_MB", "0")) << 20),
    )


KIND = EngineKind("Misbehaves on demand, and counts", _traits_for, _load, roles_for=lambda request: {})
