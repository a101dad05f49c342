"""sherpa-onnx: what running it in this service costs, compared with a bare loop over `decode_stream`.

    python scripts/bench/sherpa.py          on an idle machine: about twelve minutes, 2 GB of disk

The models have the classes and sizes of SenseVoiceSmall and of paraformer-large with random weights, of 8
bits if the package onnx is installed (`pip install onnx`): their speed is that of the published ones, their
text is not. Recordings go through a service with default settings, and exactly the chunks that the service
cuts through a bare loop in its own process, one per call, with the same threads. After a round that is not
counted there are four rounds, and the order changes from one to the next, so that neither gains from a
machine that becomes slower. The seconds of the processor are those of all processes of the service, decoding
and speech detection included. Building the models needs the extra funasr.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _bare import Precut
from _figures import Figure, Target, over_rounds
from _recordings import speeches
from _service import Service, service
from sensevoice import line_of, precut_all, seconds_of

from voxq.machine.devices import available_cpus

_ROUNDS = 4
_NAMES = ("sensevoice", "paraformer")
_PARTS = ("api", "worker-1", "valkey")
_HERE = Path(__file__).parent


def measure(say: Callable[[str], None], *, size: str = "published") -> list[Figure]:
    """`size`: "small" tries the measurement itself with the models of the tests."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as directory:
        own = Path(directory)
        recordings = speeches(own)
        cut = precut_all(recordings, own)
        for name in _NAMES:
            say(f"building {name}")
            model = own / name
            command = [sys.executable, str(_HERE / "_sherpa_build.py"), name, size, str(model)]
            subprocess.run(command, stdout=sys.stderr, check=True)
            figures += _compared(name, model, recordings, cut, say)
    return figures


@dataclass(slots=True)
class _Rounds:
    """Seconds of each round, by the clock and of the processor."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, seconds: float, cpu: float) -> None:
        self.seconds.append(seconds)
        self.cpu.append(cpu)


def _compared(
    name: str, model: Path, recordings: Sequence[Path], cut: Sequence[Precut], say: Callable[[str], None]
) -> Iterator[Figure]:
    threads = available_cpus()
    audio = sum(each.seconds for each in cut)
    chunks = [(each.pcm, start, end) for each in cut for start, end in each.chunks]
    bare, served = _Rounds(), _Rounds()
    settings = {
        "asr_engine": "sherpa-onnx",
        "asr_model": str(model),
        "rq_worker_count": 1,
        "asr_threads": threads,
        "asr_use_gpu": False,
    }
    with _alone(name, model, threads) as alone, service(**settings) as under_test:
        turns: list[Callable[[], None]] = [
            lambda: bare.add(*_bare(alone, chunks)),
            lambda: served.add(*_served(under_test, recordings)),
        ]
        for number in range(_ROUNDS + 1):
            say(f"{name}, round {number} of {_ROUNDS}")
            for turn in turns if number % 2 else reversed(turns):
                turn()
    weights = next(model.glob("*.onnx"))
    note = f"{weights.name}, {audio:.0f} s in {len(chunks)} chunks, {threads} threads"
    counted = [(bare.seconds, served.seconds), (bare.cpu, served.cpu)]
    (alone_s, service_s), (alone_cpu, service_cpu) = [(a[1:], b[1:]) for a, b in counted]
    yield over_rounds(f"{name}: bare sherpa-onnx loop", [audio / s for s in alone_s], "audio s/s", note=note)
    yield over_rounds(f"{name}: service", [audio / s for s in service_s], "audio s/s")
    ratios = [a / b for a, b in zip(alone_s, service_s, strict=True)]
    yield over_rounds(f"{name}: service / bare sherpa-onnx loop", ratios, "", Target(">=", 0.97))
    busy = [b / a for a, b in zip(alone_cpu, service_cpu, strict=True)]
    yield over_rounds(f"{name}: processor time, service / bare", busy, "times")


def _bare(alone: subprocess.Popen[str], chunks: Sequence[tuple[str, int, int]]) -> tuple[float, float]:
    assert alone.stdin is not None
    alone.stdin.write(json.dumps(chunks) + "\n")
    alone.stdin.flush()
    line = line_of(alone)
    return line["seconds"], line["cpu"]


def _served(under_test: Service, recordings: Sequence[Path]) -> tuple[float, float]:
    before = _busy(under_test)
    seconds = seconds_of(under_test, recordings)
    return seconds, _busy(under_test) - before


def _busy(under_test: Service) -> float:
    """Seconds of the processor that the processes of a service have taken so far."""
    total = 0.0
    for part in _PARTS:
        process = under_test.process(part)
        for each in (process, *process.children(recursive=True)):
            times: Any = each.cpu_times()
            total += times.user + times.system
    return total


@contextmanager
def _alone(name: str, model: Path, threads: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(_HERE / "_sherpa_alone.py"), name, str(model), str(threads)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line_of(process)
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
