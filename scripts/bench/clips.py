"""200 short clips at once, in batches across tasks and with one clip per call.

The clips are English speech of 1 to 6 s (OGG/Opus), submitted while the worker is suspended; the time runs
from the first one's start to the last one's end, so it includes decoding and the search for speech. Both
services have the default settings and run in turns; in one of them the engine gets one chunk per call,
however many wait. The engines log their calls: the second ratio is that of the time inside them. FunASR's
model is the small SenseVoice of the tests, of which only the speed is realistic. `--device cuda` recognises
on the first GPU.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _calls import Call, CallLog, call_log, logged
from _figures import Figure, Target, over_rounds
from _load import Plan, generate
from _recordings import notes
from _service import Service, service
from _watch import Watch

from voxq.core.task import Status
from voxq.model_store.store import ModelStore

_COUNT = 200
_SHORTEST, _LONGEST = 1.0, 6.0
_CLIENTS = 8
_PATIENCE = 400.0
_SMALL_SENSEVOICE = Path(__file__).parents[2] / "tests" / "data" / "models" / "sv-words"


@dataclass(frozen=True, slots=True)
class _Model:
    """A model to measure, and the number of rounds."""

    name: str
    engine: str
    path: Path
    rounds: int


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass over all clips: seconds from the first start to the last end, and the engine's calls."""

    seconds: float
    calls: Sequence[Call]

    @property
    def engine_seconds(self) -> float:
        return sum(call.ended - call.began for call in self.calls)

    @property
    def clips_a_call(self) -> float:
        return sum(len(call.chunks) for call in self.calls) / len(self.calls)


def measure(say: Callable[[str], None], *, device: str = "cpu") -> list[Figure]:
    models = [
        _Model("SenseVoice (small)", "funasr", _SMALL_SENSEVOICE, 3),
        _Model("whisper-base", "faster-whisper", ModelStore().resolve("whisper-base"), 1),
    ]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        clips = notes(Path(own), _COUNT, _SHORTEST, _LONGEST)
        for model in models:
            figures += _compared(model, clips, device, say)
    return figures


def _compared(
    model: _Model, clips: Sequence[Path], device: str, say: Callable[[str], None]
) -> Iterator[Figure]:
    together, alone = [], []
    with _running(model, device, alone=False) as batching, _running(model, device, alone=True) as single:
        batching.all(clips[:8])
        single.all(clips[:8])
        for number in range(model.rounds):
            say(f"{model.name}, round {number + 1} of {model.rounds}: batches")
            together.append(batching.all(clips))
            say(f"{model.name}, round {number + 1} of {model.rounds}: one clip a call")
            alone.append(single.all(clips))
    yield _rate(f"{model.name}, batches", together)
    yield _rate(f"{model.name}, one clip a call", alone)
    target = Target(">=", 5) if device != "cpu" else None
    yield _gain(
        f"{model.name}: batches / one a call",
        [e.seconds for e in alone],
        [e.seconds for e in together],
        target,
    )
    yield _gain(
        f"{model.name}: the same, engine only",
        [e.engine_seconds for e in alone],
        [e.engine_seconds for e in together],
    )


def _rate(name: str, passes: Sequence[_Pass]) -> Figure:
    rates = [_COUNT / each.seconds for each in passes]
    return over_rounds(name, rates, "clips/s", note=f"{passes[0].clips_a_call:.1f} clips a call")


def _gain(name: str, slow: Sequence[float], quick: Sequence[float], target: Target | None = None) -> Figure:
    return over_rounds(name, [one / other for one, other in zip(slow, quick, strict=True)], "times", target)


@contextmanager
def _running(model: _Model, device: str, *, alone: bool) -> Iterator[_Passes]:
    settings: dict[str, Any] = {
        "asr_engine": logged(model.engine, alone=alone),
        "asr_model": str(model.path),
        "asr_use_gpu": device != "cpu",
        "rq_worker_count": 1,
    }
    with ExitStack() as stack:
        own = stack.enter_context(tempfile.TemporaryDirectory(prefix="voxq-bench-"))
        log = stack.enter_context(call_log(Path(own) / "calls"))
        under_test = stack.enter_context(service(**settings))
        yield _Passes(under_test, stack.enter_context(Watch(under_test)), log)


class _Passes:
    """Passes of the clips through one service."""

    def __init__(self, under_test: Service, watch: Watch, log: CallLog) -> None:
        self._service = under_test
        self._watch = watch
        self._log = log

    def all(self, clips: Sequence[Path]) -> _Pass:
        before = len(self._log)
        self._service.suspend_workers()
        files = tuple(map(str, clips))
        plan = Plan(self._service.submit_url, files, _CLIENTS, _PATIENCE, requests=len(files))
        outcome = generate(plan)
        if outcome.refused:
            raise RuntimeError(f"{outcome.refused} clips were refused")
        self._service.resume_workers()
        task_ids = {str(answer.task_id) for answer in outcome.accepted}
        self._watch.wait_ended(task_ids, _PATIENCE)
        events = [event for event in self._watch.events if event.task_id in task_ids]
        if sum(event.status is Status.DONE for event in events) != len(task_ids):
            raise RuntimeError("not every clip became a text")
        began = min(event.at for event in events if event.status is Status.PROCESSING)
        return _Pass(events[-1].at - began, self._log.calls(before))


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
