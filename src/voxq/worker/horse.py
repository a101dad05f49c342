"""The horse: the only process that loads a recognition model, and only one. It knows neither Redis nor HTTP.

Started by the worker's parent with `Child.start(HORSE_MODULE)`; see `horse_protocol` for what is said. It
reads one message at a time, so a second batch waits in the pipe while the first is worked on.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import psutil
from loguru import logger

from voxq.child import ChildDied, Pipe, connect_to_parent
from voxq.device_memory import memory_of
from voxq.devices import available_cpus
from voxq.engines.base import (
    ChunkError,
    ChunkOptions,
    ChunkResult,
    Engine,
    EngineError,
    EngineRequest,
)
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.worker import horse_protocol as protocol

_FLOAT32 = 4
_MAX_CPU_THREADS = 8
"""More threads than this make a CPU recogniser hardly faster and its neighbours slower."""


def main() -> None:
    """Load, then serve runs until the parent goes away."""
    pipe, _ = connect_to_parent()
    _keep_stdout_for_nobody()
    faulthandler.enable()  # a crash in native code leaves its stack on stderr
    try:
        request = protocol.decode_request(pipe.receive())
        if not isinstance(request, protocol.Load):
            raise protocol.ProtocolError(f"the first message must be load, not {request.op}")
        reply = partial(_send, pipe)
        engine = _load(request, reply)
        if engine is None:
            sys.exit(1)
        while True:
            _serve(engine, protocol.decode_request(pipe.receive()), reply)
    except ChildDied:
        sys.exit(0)
    except protocol.ProtocolError as error:
        logger.error("horse: the parent sent what the protocol does not know: {}", error)
        sys.exit(2)


def _send(pipe: Pipe, reply: protocol.Reply) -> None:
    pipe.send(protocol.encode(reply))


def _keep_stdout_for_nobody() -> None:
    """Libraries print; send it all to stderr, where the worker's log is, without values in tracebacks."""
    os.dup2(2, 1)
    logger.configure(handlers=[{"sink": sys.stderr, "backtrace": False, "diagnose": False}])


def _load(message: protocol.Load, reply: Callable[[protocol.Reply], None]) -> Engine | None:
    """Load and warm up the engine and say so; None if it could not be loaded."""
    started = time.perf_counter()
    _set_environment(message.request)
    gpu = memory_of(message.request.device) if message.request.device != "cpu" else None
    used_before = gpu.read().used_mb if gpu else 0
    from voxq.engines import registry, warmup  # numerical libraries read the environment when imported

    try:
        engine = registry.find(message.request.engine).load(message.request, message.models)
        cost = warmup.measure(engine)
    except EngineError as error:
        reply(protocol.LoadFailed(str(error)))
        return None
    except Exception as error:
        logger.exception("horse: loading {} failed", message.request.engine)
        reply(protocol.LoadFailed(f"{message.request.engine} could not be loaded: {error}"))
        return None
    rss_mb = _rss_mb()
    memory_mb = max(0, gpu.read().used_mb - used_before) if gpu else rss_mb
    reply(protocol.Loaded(time.perf_counter() - started, engine.revision, rss_mb, memory_mb, cost))
    return engine


def _set_environment(request: EngineRequest) -> None:
    threads = str(request.threads or min(available_cpus(), _MAX_CPU_THREADS))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = threads
    os.environ["HF_HUB_OFFLINE"] = "1"  # models are resolved before a horse starts; nothing here may fetch


def _rss_mb() -> int:
    return psutil.Process().memory_info().rss >> 20


def _serve(engine: Engine, request: protocol.Request, reply: Callable[[protocol.Reply], None]) -> None:
    if not isinstance(request, protocol.Run):
        raise protocol.ProtocolError(f"expected run, not {request.op}")
    reply(protocol.Started(request.batch))
    reply(_run(engine, request))


def _run(engine: Engine, run: protocol.Run) -> protocol.Finished:
    """The answers to a batch: an item that cannot be read has its own error and leaves the others alone."""
    read = [_read(ref, engine.traits.chunking.maximum) for ref in run.items]
    batch = [
        (s, ref.options) for s, ref in zip(read, run.items, strict=True) if not isinstance(s, ChunkError)
    ]
    started = time.perf_counter()
    failure: ChunkError | None = None
    answers: Iterable[ChunkResult | ChunkError] = ()
    try:
        answers = _transcribe(engine, batch)
    except Exception as error:
        logger.exception("horse: a batch of {} failed", len(batch))
        failure = ChunkError.of(error)
    seconds = time.perf_counter() - started
    remaining = iter(answers)
    items = tuple(s if isinstance(s, ChunkError) else failure or next(remaining) for s in read)
    return protocol.Finished(run.batch, seconds, items, batch_failed=failure is not None)


def _transcribe(
    engine: Engine, batch: Sequence[tuple[Samples, ChunkOptions]]
) -> Sequence[ChunkResult | ChunkError]:
    answers = engine.transcribe(batch) if batch else []
    if len(answers) != len(batch):
        raise ValueError(f"{len(answers)} answers to {len(batch)} chunks")
    return answers


def _read(ref: protocol.ChunkRef, maximum: float) -> Samples | ChunkError:
    """The samples of a chunk. Copied, not mapped: a file that shrinks under a map is a SIGBUS."""
    import numpy as np

    count = ref.end - ref.start
    if ref.start < 0 or count < 0 or count > (maximum + 1) * SAMPLE_RATE:
        return ChunkError("bad_chunk", f"A chunk must be 0 to {maximum:g} seconds long.")
    try:
        samples = np.fromfile(ref.pcm, dtype="<f4", count=count, offset=ref.start * _FLOAT32)
    except OSError:
        samples = np.empty(0, dtype="<f4")
    if len(samples) != count:
        return ChunkError("audio_unavailable", "The decoded audio of this chunk is gone.")
    return samples


if __name__ == "__main__":
    main()
