"""An engine of this project in a process of its own: no queue, no decoding, no search for speech.

    python _gpu_alone.py ENGINE MODEL DEVICE THREADS

Protocol: lines of JSON over stdin and stdout. Lists of calls, each a list of chunks (file, start, end), come
in; out go the seconds, the memory of the device in MB that came with this process, and a checksum of each
text; first the seconds of loading and the most chunks of a call.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Chunk = tuple[str, int, int]
"""File of float32 at 16 kHz, and the first and last sample."""

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Alone:
    """Parent's side of the process: seconds of loading, and how many chunks a call may have."""

    process: subprocess.Popen[str]
    load: float
    items: int

    def run(self, calls: Sequence[Sequence[Chunk]]) -> dict[str, Any]:
        """Recognise. Raises RuntimeError if the process has ended."""
        assert self.process.stdin is not None
        print(json.dumps(calls), file=self.process.stdin, flush=True)
        return _line(self.process)


@contextmanager
def alone(engine: str, model: Path, device: str, threads: int) -> Iterator[Alone]:
    """Load an engine, and warm it up. Raises RuntimeError if it cannot be loaded."""
    command = [sys.executable, __file__, engine, str(model), device, str(threads)]
    environ = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
    try:
        first = _line(process)
        yield Alone(process, first["load"], int(first["items"]))
    finally:
        process.kill()
        process.wait()


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the bare engine has ended; its last words are above")
    return json.loads(line)


def main(engine: str, model: str, device: str, threads: str) -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print to stdout, which is for the protocol
    from voxq.engines import registry, warmup
    from voxq.engines.contract import EngineRequest
    from voxq.machine.device_memory import memory_of

    memory = memory_of(device)
    before = memory.read().used_mb
    request = EngineRequest(engine, model, device, int(threads))
    family = registry.find(engine)
    began = time.perf_counter()
    recogniser = family.load(request, {"path": Path(model)})
    load = time.perf_counter() - began
    warmup.measure(recogniser)
    print(json.dumps({"load": load, "items": family.traits_for(request).max_items}), file=out, flush=True)
    for line in sys.stdin:
        seconds, texts = _recognised(recogniser, json.loads(line))
        used = memory.of_process(os.getpid()) if device == "cpu" else memory.read().used_mb - before
        print(json.dumps({"seconds": seconds, "memory_mb": used, "texts": texts}), file=out, flush=True)


def _recognised(recogniser: Any, calls: Sequence[Sequence[Chunk]]) -> tuple[float, list[int]]:
    """Recognise; returns the seconds, and a checksum of each text. Raises RuntimeError if a chunk fails."""
    from voxq.engines.contract import AudioItem, ChunkError

    batches = [[AudioItem(_samples(*chunk), {}) for chunk in call] for call in calls]
    began = time.perf_counter()
    answers = [answer for batch in batches for answer in recogniser.run(batch)]
    seconds = time.perf_counter() - began
    for answer in answers:
        if isinstance(answer, ChunkError):
            raise RuntimeError(answer.message)
    return seconds, [zlib.crc32("".join(s.text for s in each.segments).encode()) for each in answers]


def _samples(file: str, start: int, end: int) -> Any:
    return np.array(np.memmap(file, "<f4", "r")[start:end])


if __name__ == "__main__":
    main(*sys.argv[1:])
