"""Engines that log every call: when it ran, and for which chunks.

The engine "_calls:<engine>" is the engine of that name with a log; "_calls:<engine>/1" also takes only one
chunk per call. They are available only to services started within `call_log`.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TextIO

from voxq.engines import registry
from voxq.engines.contract import (
    AudioItem,
    ChunkError,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recognised,
    Recogniser,
    Traits,
)
from voxq.speech.audio import Samples

_LOG = "VOXQ_BENCH_CALLS"


@dataclass(frozen=True, slots=True)
class Call:
    """A call: its times in seconds on the monotonic clock, which all processes of a machine share, and its
    chunks as `fingerprint`s."""

    began: float
    ended: float
    chunks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CallLog:
    """Calls of a service, including the warm-up of its model processes."""

    path: Path

    def __len__(self) -> int:
        return len(self.path.read_bytes().splitlines()) if self.path.exists() else 0

    def calls(self, after: int = 0) -> list[Call]:
        """Calls except the first `after`, in the order in which they ended."""
        with self.path.open() as lines:
            records = map(json.loads, islice(lines, after, None))
            return [Call(each["began"], each["ended"], tuple(each["chunks"])) for each in records]


@contextmanager
def call_log(path: Path) -> Iterator[CallLog]:
    """Give services started inside the context the engines of this module, which log to `path`."""
    here = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
    changed = {_LOG: str(path), "VOXQ_TEST_ENGINES": "1", "PYTHONPATH": here}
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield CallLog(path)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def logged(engine: str, *, alone: bool = False) -> str:
    """Value of ASR_ENGINE for `engine` with a log; with `alone`, one chunk per call."""
    return f"_calls:{engine}/1" if alone else f"_calls:{engine}"


def fingerprint(samples: Samples) -> int:
    """Identify a chunk by its sound."""
    return zlib.crc32(samples.tobytes())


def busy_share(calls: Sequence[Call]) -> float:
    """Share of the time, from the first call's start to the last one's end, in which a call was running.

    Calls must not overlap. Raises ValueError if there are none.
    """
    span = max(call.ended for call in calls) - min(call.began for call in calls)
    return sum(call.ended - call.began for call in calls) / span if span else 1.0


@dataclass(slots=True)
class _Logged:
    """Engine that logs the calls to another one; see the module."""

    inner: Recogniser
    log: TextIO

    @property
    def revision(self) -> str:
        return self.inner.revision

    def run(self, batch: Sequence[AudioItem]) -> Sequence[Recognised | ChunkError]:
        began = time.monotonic()
        answers = self.inner.run(batch)
        call = Call(began, time.monotonic(), tuple(fingerprint(item.samples) for item in batch))
        self.log.write(json.dumps(asdict(call)) + "\n")
        return answers


def __getattr__(name: str) -> EngineFamily:
    """Look up a logged engine, whose name is no identifier and so never that of a variable here."""
    engine, _, items = name.partition("/")
    if engine not in registry.names():
        raise AttributeError(name)
    kind = registry.find(engine)

    def asked(request: EngineRequest) -> EngineRequest:
        return replace(request, engine=engine)

    def traits_for(request: EngineRequest) -> Traits:
        traits = kind.traits_for(asked(request))
        return replace(traits, max_items=int(items)) if items else traits

    def load(request: EngineRequest, models: ModelPaths) -> Recogniser:
        inner = kind.load(asked(request), models)
        return _Logged(inner, Path(os.environ[_LOG]).open("a", buffering=1))

    def roles_for(request: EngineRequest) -> dict[str, str]:
        return dict(kind.roles_for(asked(request)))

    return replace(kind, traits_for=traits_for, load=load, roles_for=roles_for)
