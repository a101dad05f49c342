"""The bare engine in its own process: the same chunks as in the service, one after the other.

Protocol: lines of JSON over stdin and stdout, recordings in, seconds out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from voxq.engines import registry, warmup
from voxq.engines.contract import AudioItem, ChunkError, EngineRequest, Recogniser, Traits
from voxq.model_store.store import ModelStore
from voxq.processes.media.prepare import prepare
from voxq.processes.media.protocol import Chunks, Prepare, Prepared
from voxq.settings import Settings, load_settings

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Precut:
    """Decoded recording: raw float32 at 16 kHz in `pcm`, its chunks in samples, its length in seconds."""

    pcm: str
    chunks: tuple[tuple[int, int], ...]
    seconds: float


def precut(recording: Path, pcm: Path, traits: Traits, max_seconds: float) -> Precut:
    """Decode and cut a recording as a worker's media process does, by the same code."""
    chunks: list[tuple[int, int]] = []
    seconds = 0.0
    for message in prepare(Prepare("bench", recording, pcm, max_seconds, traits.chunking)):
        match message:
            case Chunks():
                chunks += message.chunks
            case Prepared():
                chunks += message.last.chunks if message.last else ()
                seconds = message.duration
    return Precut(str(pcm), tuple(chunks), seconds)


class BareEngine:
    """Parent's side of the process with the engine."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def seconds(self, recordings: Sequence[Precut]) -> float:
        """Recognise the recordings once; returns the seconds.

        Raises RuntimeError if the process has ended.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([asdict(each) for each in recordings]) + "\n")
        self._process.stdin.flush()
        return float(self.line())

    def line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare engine has ended")
        return line


@contextmanager
def bare_engine(settings: Settings, threads: int) -> Iterator[BareEngine]:
    """Run the engine of `settings`, loaded and warmed up, with the environment that a worker gives it."""
    environ = {**os.environ, **settings.environ(), "ASR_THREADS": str(threads)}
    environ |= dict.fromkeys(_THREAD_VARIABLES, str(threads))
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )
    try:
        engine = BareEngine(process)
        engine.line()
        yield engine
    finally:
        process.kill()
        process.wait()


def main() -> None:
    settings = load_settings(Path(os.devnull))
    request = EngineRequest(settings.asr_engine, settings.asr_model, "cpu", settings.asr_threads)
    kind = registry.find(request.engine)
    models = kind.model_paths(request, ModelStore(search=[settings.asr_model_path]).resolve)
    engine = kind.load(request, models)
    warmup.measure(engine)
    print("loaded", flush=True)
    for line in sys.stdin:
        recordings = [Precut(**each) for each in json.loads(line)]
        began = time.perf_counter()
        for recording in recordings:
            _recognise(engine, recording)
        print(time.perf_counter() - began, flush=True)


def _recognise(engine: Recogniser, recording: Precut) -> None:
    """Recognise as a worker does: one chunk per call, the language fixed by the first speech."""
    pcm = np.memmap(recording.pcm, "<f4", "r")
    language = None
    for start, end in recording.chunks:
        (answer,) = engine.run([AudioItem(pcm[start:end], {"language": language})])
        if isinstance(answer, ChunkError):
            raise RuntimeError(answer.message)
        language = language or answer.language


if __name__ == "__main__":
    main()
