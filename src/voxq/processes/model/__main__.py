"""Model process, the only kind of process that loads a model, and only one. It knows neither Redis nor HTTP.

The worker's parent starts it with `Child.start(MODEL_PROCESS_MODULE)`; see `protocol` for the messages. It
reads one message at a time, so a second batch waits in the pipe while the first is processed, unless the
model takes several calls at once: then each batch has a thread of its own.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voxq.engines import registry
from voxq.engines.contract import (
    Capability,
    ChunkError,
    Draft,
    EngineError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    TextItem,
)
from voxq.locale import Message
from voxq.machine import heap, load
from voxq.machine.devices import threads_for
from voxq.processes.child import ChildDied, Pipe, connect_to_parent
from voxq.processes.messages import ProtocolError
from voxq.processes.model import plain
from voxq.processes.model import protocol as protocol
from voxq.processes.model.answers import checked_draft
from voxq.processes.model.served_model import Answer, MeasurableModel, ServedModel

if TYPE_CHECKING:
    from voxq.machine.device_memory import DeviceMemory

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""Seconds without a batch after which freed memory goes back to the system. The next batch would need it
again, and takes about a twentieth longer without it."""


def main() -> None:
    """Load the model, then serve runs until the parent goes away."""
    pipe, _ = connect_to_parent()
    heap.use_one_arena()
    _keep_stdout_for_nobody()
    faulthandler.enable()  # prints the stack to stderr after a crash in native code
    try:
        request = plain.decode(pipe.receive())
        if isinstance(request, protocol.Run):
            raise ProtocolError(f"the first message must be load or trial, not {request.op}")
        reply = partial(_send, pipe, threading.Lock())
        served = _load(request, reply)
        if served is None:
            sys.exit(1)
        if isinstance(request, protocol.Trial):
            _measure(served, request, reply)
            return
        serve = _serve_beside if _takes_several(request.request) else _serve
        while True:
            if not pipe.poll(_PAUSE_SECONDS):
                heap.give_back()
            serve(served, plain.decode(pipe.receive()), reply)
    except ChildDied:
        sys.exit(0)
    except ProtocolError as error:
        _log.error("model process: the parent sent an unknown message: %s", error)
        sys.exit(2)


def _send(pipe: Pipe, lock: threading.Lock, reply: protocol.Reply) -> None:
    message = plain.encode(reply)
    with lock:  # a message must not be sent within another
        pipe.send(message)


def _takes_several(request: EngineRequest) -> bool:
    return registry.find(request.engine).traits_for(request).calls > 1


def _keep_stdout_for_nobody() -> None:
    """Redirect stdout, to which libraries print, to stderr and thus to the worker's log; tracebacks omit
    values."""
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    with contextlib.suppress(Exception):  # an engine's own environment may lack it, or have another version
        import loguru

        loguru.logger.configure(handlers=[{"sink": sys.stderr, "backtrace": False, "diagnose": False}])


def _load(
    message: protocol.Load | protocol.Trial, reply: Callable[[protocol.Reply], None]
) -> ServedModel | None:
    """Load and warm up the model and report it; None if that failed."""
    started = time.perf_counter()
    _set_environment(message.request)
    gpu = _memory_of(message.request) if message.request.device_class == "cuda" else None
    used_before = gpu.read().used_mb if gpu else 0
    try:
        if message.is_plugin:
            registry.use_here(message.request.engine)
        served = _served(registry.find(message.request.engine), message)
        cost = served.measure()
    except EngineError as error:
        reply(protocol.LoadFailed(str(error)))
        return None
    except Exception as error:
        _log.exception("model process: loading %s failed", message.request.engine)
        reply(
            protocol.LoadFailed(
                Message(
                    "{engine} could not be loaded: {error}", engine=message.request.engine, error=str(error)
                )
            )
        )
        return None
    heap.give_back()
    rss_mb = _rss_mb()
    memory_mb = max(0, gpu.read().used_mb - used_before) if gpu else rss_mb
    reply(protocol.Loaded(time.perf_counter() - started, served.revision, rss_mb, memory_mb, cost))
    return served


def _measure(served: ServedModel, trial: protocol.Trial, reply: Callable[[protocol.Reply], None]) -> None:
    """Measure each number of items. Raises EngineError, or what the model library raises: then the process
    ends."""
    if not isinstance(served, MeasurableModel):
        raise EngineError(Message("{engine} has no layouts to measure.", engine=trial.request.engine))
    threads = threads_for(trial.request.threads)
    started, waited_before = time.perf_counter(), load.waited_seconds()
    long = served.long_speed(2 * max(1, trial.request.replicas))
    for items in trial.items:
        short = served.short_speed(items)
        waited = load.waited_seconds() - waited_before
        share = waited / (threads * (time.perf_counter() - started))
        reply(protocol.Measured(items, short, long, share))


def _served(family: EngineFamily, message: protocol.Load | protocol.Trial) -> ServedModel:
    """Load the model into the adapter for its capability. Raises EngineError, or whatever the model library
    raises."""
    # Imported late, because numerical libraries read the environment when they are imported.
    from voxq.processes.model.embedding import SpeakerEmbedder
    from voxq.processes.model.recognising import Recogniser
    from voxq.processes.model.rewriting import Rewriter
    from voxq.processes.model.speaking import Speaker

    adapters: dict[Capability, Callable[[EngineFamily, EngineRequest, ModelPaths], ServedModel]] = {
        Capability.RECOGNISE: Recogniser,
        Capability.SPEAK: Speaker,
        Capability.REWRITE: Rewriter,
        Capability.EMBED: SpeakerEmbedder,
    }
    return adapters[family.capability](family, message.request, message.models)


def _set_environment(request: EngineRequest) -> None:
    threads = str(threads_for(request.threads))
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = threads
    os.environ["HF_HUB_OFFLINE"] = (
        "1"  # Models are resolved before a model process starts; nothing may be downloaded here.
    )


def _memory_of(request: EngineRequest) -> DeviceMemory:
    from voxq.machine.device_memory import memory_of

    return memory_of(request.device)


def _rss_mb() -> int:
    """Return the RAM of this process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() >> 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _serve(served: ServedModel, request: protocol.Request, reply: Callable[[protocol.Reply], None]) -> None:
    if not isinstance(request, protocol.Run):
        raise ProtocolError(f"expected run, not {request.op}")
    reply(protocol.Started(request.batch))
    reply(_run(served, request, reply))


def _serve_beside(
    served: ServedModel, request: protocol.Request, reply: Callable[[protocol.Reply], None]
) -> None:
    """Serve a batch in a thread, which does not outlive this process."""

    def serve() -> None:
        with contextlib.suppress(ChildDied):  # the parent is gone, and soon this process
            _serve(served, request, reply)

    threading.Thread(target=serve, daemon=True).start()


def _run(
    served: ServedModel, run: protocol.Run, reply: Callable[[protocol.Reply], None]
) -> protocol.Finished:
    """Run a batch; an item that cannot be read gets an error of its own and leaves the others alone."""

    def report(place: int, draft: Draft) -> None:
        checked = checked_draft(draft)
        with contextlib.suppress(ChildDied):
            reply(protocol.Drafted(run.batch, place, checked.text, checked.share))

    read = [served.read(ref) for ref in run.items]
    read = [
        replace(item, report=partial(report, place)) if isinstance(item, TextItem) else item
        for place, item in enumerate(read)
    ]
    batch = [item for item in read if not isinstance(item, ChunkError)]
    started = time.perf_counter()
    failure: ChunkError | None = None
    answers: Sequence[Answer] = ()
    try:
        answers = served.call(batch) if batch else []
        if len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers to {len(batch)} chunks")
    except Exception as error:
        _log.exception("model process: a batch of %d failed", len(batch))
        failure = ChunkError.of(error)
    seconds = time.perf_counter() - started
    remaining = iter(answers)
    items = tuple(item if isinstance(item, ChunkError) else failure or next(remaining) for item in read)
    return protocol.Finished(run.batch, seconds, items, batch_failed=failure is not None)


if __name__ == "__main__":
    main()
