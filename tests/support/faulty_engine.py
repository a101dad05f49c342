"""An engine that misbehaves on demand, for fault tests: "faulty_engine:KIND" with VOXQ_TEST_ENGINES=1.

A chunk's hotwords choose its fault; a chunk without one gets a segment whose text is its length.
The model is one of the noop engine's ("noop", "sleep-<n>ms").

fault-hang           sleeps for an hour in C, without the GIL
fault-hang-gil       the same, holding the GIL
fault-segfault       reads address 0
fault-exit           ends the process with status 3
fault-raise          the whole call raises
fault-error          only this chunk has an error
fault-few            one result too few
fault-many           one result too many
fault-kill           ends the worker, and so the process
fault-nan            a time that is not a number
fault-huge           a hundred million characters
fault-shape          a text instead of a result
fault-control        control characters, half a character, and times outside of the chunk
fault-memory         the whole call runs out of memory
fault-memory-once    the same, but only the first time in a process
fault-noise          prints to stdout and stderr
fault-sleep          takes two seconds
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from voxq.engines.contract import (
    AudioItem,
    Capability,
    ChunkError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Options,
    Recognised,
    Recogniser,
    Segment,
    Traits,
    Word,
)
from voxq.engines.recognise import noop

_HOUR = 3600
Answers = list[Recognised | ChunkError]


@dataclass(slots=True)
class Faulty:
    """Engine with faults on demand; see the module."""

    slow: Recogniser
    revision: str = "faulty"
    memory_failed: bool = field(default=False)

    def run(self, batch: Sequence[AudioItem]) -> Answers:
        self.slow.run(batch)
        answers = [_answer(item.seconds, item.options) for item in batch]
        for fault in {word for item in batch for word in _hotwords(item.options) if word in _FAULTS}:
            answers = _FAULTS[fault](self, answers)
        return answers


def _hotwords(options: Options) -> Sequence[str]:
    return options.get("hotwords", ())


def _answer(seconds: float, options: Options) -> Recognised | ChunkError:
    if "fault-error" in _hotwords(options):
        return ChunkError("faulty", "This chunk was to fail.")
    if "fault-nan" in _hotwords(options):
        return Recognised((Segment("when", float("nan"), seconds),), "en")
    if "fault-huge" in _hotwords(options):
        return Recognised((Segment("x" * 100_000_000, 0.0, seconds),), "en")
    if "fault-shape" in _hotwords(options):
        return "only a text"  # pyright: ignore[reportReturnType]
    if "fault-control" in _hotwords(options):
        return Recognised((Segment("a\0b\x1b[31m\r\n\ud800z", -5.0, 1e308),), "en")
    text = f"{seconds:.2f} seconds"
    words = (Word(text, 0.0, seconds),) if options.get("words") else ()
    return Recognised((Segment(text, 0.0, seconds, words),), options.get("language") or "en")


def _hang(engine: Faulty, answers: Answers) -> Answers:
    ctypes.CDLL(None).sleep(_HOUR)
    return answers


def _hang_gil(engine: Faulty, answers: Answers) -> Answers:
    ctypes.PyDLL(None).sleep(_HOUR)
    return answers


def _segfault(engine: Faulty, answers: Answers) -> Answers:
    ctypes.string_at(0)
    return answers


def _exit(engine: Faulty, answers: Answers) -> Answers:
    os._exit(3)


def _raise(engine: Faulty, answers: Answers) -> Answers:
    raise RuntimeError("a secret path /somewhere")


def _kill(engine: Faulty, answers: Answers) -> Answers:
    os.kill(os.getppid(), signal.SIGKILL)
    return _hang(engine, answers)


def _memory(engine: Faulty, answers: Answers) -> Answers:
    raise RuntimeError("CUDA failed with error out of memory")


def _memory_once(engine: Faulty, answers: Answers) -> Answers:
    if engine.memory_failed:
        return answers
    engine.memory_failed = True
    raise MemoryError


def _noise(engine: Faulty, answers: Answers) -> Answers:
    os.write(1, b'{"op": "result"}\n' * 100)
    print("noise", file=sys.stderr)
    return answers


def _sleep(engine: Faulty, answers: Answers) -> Answers:
    time.sleep(2)
    return answers


_FAULTS: dict[str, Callable[[Faulty, Answers], Answers]] = {
    "fault-hang": _hang,
    "fault-hang-gil": _hang_gil,
    "fault-segfault": _segfault,
    "fault-exit": _exit,
    "fault-raise": _raise,
    "fault-kill": _kill,
    "fault-few": lambda engine, answers: answers[:-1],
    "fault-many": lambda engine, answers: [*answers, *answers[:1]],
    "fault-memory": _memory,
    "fault-memory-once": _memory_once,
    "fault-noise": _noise,
    "fault-sleep": _sleep,
}


def _traits_for(request: EngineRequest) -> Traits:
    return replace(noop.FAMILY.traits_for(request), max_items=8)


def _load(request: EngineRequest, models: ModelPaths) -> Faulty:
    return Faulty(noop.FAMILY.load(request, models))


KIND = EngineFamily("faulty", Capability.RECOGNISE, "Misbehaves on demand", _load, _traits_for)
