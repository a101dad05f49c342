"""Lines of `gpu.py`: what is measured, on which models."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _gpu_kokoro
from _bare import Precut, precut
from _figures import Figure, Target, median, over_rounds, percentile
from _gpu_alone import Chunk, alone
from _gpu_clock import Line
from _gpu_memory import peak
from _load import Plan, generate
from _one import submit, transcribe
from _recordings import lecture, note, notes, speeches
from _service import Service, service
from _watch import Watch

from voxq.engines import registry
from voxq.engines.contract import EngineRequest
from voxq.machine.devices import available_cpus
from voxq.queue.keys import WORKERS_KEY
from voxq.speech.audio import SAMPLE_RATE

_ENGINES = {"whisper": "faster-whisper", "sensevoice": "funasr", "paraformer": "funasr"}
_MODULES = {"faster-whisper": ("ctranslate2", "faster_whisper"), "funasr": ("torch", "funasr")}
_SHORTEST, _LONGEST = 2.0, 6.0
_MOST_SECONDS = 7200.0
_PATIENCE = 300.0
_ROUNDS = 3
_MOST_PASSES = 30
_ONE_MODEL_MB = 64
"""The least that the setting may be. A larger model gets the device to itself."""
_BEAT = 2.0
"""Seconds within which a worker publishes its number of switches."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: size of the models, number of clips, seconds of a pass through the bare engine,
    minutes of the long file, number of notes beside it and of switches."""

    size: str
    clips: int
    pass_seconds: float
    minutes: float
    notes: int
    switches: int


PUBLISHED = Extent("published", clips=96, pass_seconds=4.0, minutes=40, notes=20, switches=6)
SMALL = Extent("small", clips=4, pass_seconds=0.1, minutes=4, notes=2, switches=2)


class Bench:
    """What the lines share: a directory of its own, the device, and the models, each built when it is first
    needed."""

    def __init__(self, own: Path, device: str, extent: Extent, say: Callable[[str], None]) -> None:
        self.own, self.device, self.extent, self.say = own, device, extent, say
        self.threads = available_cpus()

    def model(self, name: str) -> Path:
        target = self.own / f"{name}-model"
        if not target.exists():
            self.say(f"building {name} ({self.extent.size})")
            building = self.own / f"{name}-building"
            script = Path(__file__).with_name("_gpu_build.py")
            command = [sys.executable, str(script), name, self.extent.size, str(building)]
            subprocess.run(command, stdout=sys.stderr, check=True)
            building.rename(target)
        return target

    def settings(self, name: str) -> dict[str, Any]:
        """Settings of a service with one worker and this model."""
        return {
            "asr_engine": _ENGINES[name],
            "asr_model": str(self.model(name)),
            "asr_use_gpu": self.device != "cpu",
            "rq_worker_count": 1,
        }

    def cut(self, name: str, recordings: Sequence[Path]) -> list[Precut]:
        """Decode and cut recordings as a worker with this model does."""
        request = EngineRequest(_ENGINES[name], str(self.model(name)), self.device, self.threads)
        traits = registry.find(request.engine).traits_for(request)
        return [
            precut(recording, self.own / f"{name}-{recording.stem}.f32", traits, _MOST_SECONDS)
            for recording in recordings
        ]


def lines(bench: Bench) -> list[Line]:
    """The lines, those first that matter most if the time is short."""
    found: list[Line] = []
    for name, engine in _ENGINES.items():
        found.append(
            Line(f"{name}: batched / serial", 25, 90, lambda n=name: _batching(bench, n), _MODULES[engine])
        )
        found.append(
            Line(f"{name}: service / bare", 30, 90, lambda n=name: _serving(bench, n), _MODULES[engine])
        )
    both = tuple(itertools.chain(*_MODULES.values()))
    beside = Line("note beside a long file", 40, 120, lambda: _beside(bench), _MODULES["faster-whisper"])
    found.insert(2, beside)
    found.insert(5, Line("model switches", 40, 90, lambda: _switches(bench), both))
    small = {"phonemes": 10, "rounds": 1} if bench.extent.size == "small" else {}
    kokoro = Line("kokoro", 15, 60, lambda: _gpu_kokoro.measure(bench.device, **small), _gpu_kokoro.MODULES)
    return [*found, kokoro]


def _batching(bench: Bench, name: str) -> Iterator[Figure]:
    """Short clips through the bare engine: one a call, and as many as the service gives it."""
    model = bench.model(name)
    clips = notes(bench.own, bench.extent.clips, _SHORTEST, _LONGEST)
    chunks = _by_length((each.pcm, 0, _length(each)) for each in bench.cut(name, clips))
    audio = _seconds(chunks)
    bench.say(f"{name}: loading")
    with alone(_ENGINES[name], model, bench.device, bench.threads) as bare:
        yield Figure("load", bare.load, "s")
        yield Figure("memory after loading", bare.run([[chunks[0]]])["memory_mb"], "MB")
        serial, batched = [[chunk] for chunk in chunks], _batches(chunks, bare.items)
        one, many, same = [], [], 0.0
        bare.run(serial)  # a GPU's first call of a size takes longer
        bare.run(batched)
        for number in range(_ROUNDS):
            bench.say(f"{name}: clips, round {number + 1} of {_ROUNDS}")
            alone_, together = bare.run(serial), bare.run(batched)
            one.append(audio / alone_["seconds"])
            many.append(audio / together["seconds"])
            texts = zip(alone_["texts"], together["texts"], strict=True)
            same = sum(a == b for a, b in texts) / len(chunks)
        most = bare.run(batched)["memory_mb"]
    ratios = [b / a for a, b in zip(one, many, strict=True)]
    yield over_rounds("one clip a call", one, "audio s/s", note=f"{len(chunks)} clips, {audio:.0f} s")
    yield over_rounds(f"{len(batched[0])} clips a call", many, "audio s/s")
    yield over_rounds("batched / serial", ratios, "times")
    yield Figure("same text in both", 100 * same, "%", note="random weights: close calls")
    yield Figure("memory with batches", most, "MB")


def _serving(bench: Bench, name: str) -> Iterator[Figure]:
    """The same recordings through a service, and their chunks through the bare engine in full calls."""
    model = bench.model(name)
    recordings = speeches(bench.own)
    chunks = _by_length(chunk for each in bench.cut(name, recordings) for chunk in _chunks(each))
    bare_rates, served, ratios = [], [], []
    with alone(_ENGINES[name], model, bench.device, bench.threads) as bare:
        calls = _batches(chunks, bare.items)
        bare.run(calls)
        passes = max(1, min(_MOST_PASSES, round(bench.extent.pass_seconds / bare.run(calls)["seconds"])))
        audio = passes * _seconds(chunks)
        bench.say(f"{name}: starting a service")
        with peak(bench.device) as memory, service(**bench.settings(name)) as under_test:
            many = tuple(map(str, recordings)) * passes
            _served(under_test, many[: len(recordings)])
            for number in range(_ROUNDS):
                bench.say(f"{name}: service, round {number + 1} of {_ROUNDS}")
                bare_rates.append(audio / sum(bare.run(calls)["seconds"] for _ in range(passes)))
                served.append(audio / _served(under_test, many))
                ratios.append(served[-1] / bare_rates[-1])
            used = memory.mb
    note = f"{audio:.0f} s in {passes * len(chunks)} chunks, {len(calls[0])} a call"
    yield over_rounds("bare engine", bare_rates, "audio s/s", note=note)
    yield over_rounds("service", served, "audio s/s", note=f"{len(many)} recordings at once")
    yield over_rounds("service / bare", ratios, "", Target(">=", 0.97))
    yield Figure("memory of the device with the service", used, "MB", note="above that before")


def _beside(bench: Bench) -> Iterator[Figure]:
    """Voice notes of 10 s while a long file is recognised."""
    choose = random.Random(0)
    recording = lecture(bench.own, bench.extent.minutes)
    beside: list[float] = []
    bench.say("note beside a long file: starting a service")
    with service(**bench.settings("whisper")) as under_test, Watch(under_test) as watch:
        alone_ = [transcribe(under_test, watch, note(), _PATIENCE).seconds for _ in range(4)][1:]
        whole = transcribe(under_test, watch, recording, _PATIENCE)
        began, task_id = submit(under_test, recording)
        while len(beside) < bench.extent.notes and not watch.has_ended(task_id):
            bench.say(f"note {len(beside) + 1} of {bench.extent.notes}")
            beside.append(transcribe(under_test, watch, note(), _PATIENCE).seconds)
            time.sleep(choose.uniform(0.1, 0.5))
        watch.wait_ended([task_id], _PATIENCE)
        together = watch.ended_at(task_id) - began
    usual, minutes = median(alone_), bench.extent.minutes
    yield over_rounds("note alone", alone_, "s")
    yield Figure(f"{minutes:g} min alone", whole.seconds, "s", note=f"{60 * minutes / whole.seconds:.0f} x")
    yield Figure(f"{minutes:g} min beside the notes", together, "s")
    if not beside:
        raise RuntimeError("the long file ended before the first note")
    p95 = percentile(beside, 95)
    yield over_rounds("note beside it: p50", beside, "s", note=f"{len(beside)} notes")
    yield Figure("note beside it: p95", p95, "s")
    yield Figure("beside / alone: p50", median(beside) / usual, "", Target("<=", 1.5))
    yield Figure("beside / alone: p95", p95 / usual, "", Target("<=", 2))


def _switches(bench: Bench) -> Iterator[Figure]:
    """Notes for two models in turn, of which only one fits; each model has two notes before the next."""
    second = f"second={_ENGINES['sensevoice']}:{bench.model('sensevoice')}"
    settings = bench.settings("whisper") | {"asr_models": second, "model_memory_mb": _ONE_MODEL_MB}
    first = bench.model("whisper").name
    after, loaded = {first: [], "second": []}, []
    bench.say("model switches: starting a service")
    with peak(bench.device) as memory, service(**settings) as under_test, Watch(under_test) as watch:
        for _ in range(1 + bench.extent.switches // 2):
            for name in (first, "second"):
                after[name].append(_noted(under_test, watch, name))
                loaded.append(_noted(under_test, watch, name))
        time.sleep(_BEAT)
        with under_test.redis() as client:
            facts = [json.loads(str(each)) for each in client.hgetall(WORKERS_KEY).values()]
        used = memory.mb
    yield Figure("switches", sum(each["switches"] for each in facts), "")
    yield over_rounds("note for whisper after the other", after[first][1:], "s")
    yield over_rounds("note for sensevoice after the other", after["second"][1:], "s")
    yield over_rounds("note for the loaded model", loaded, "s")
    yield Figure("memory of the device, greatest", used, "MB", note="above that before")


def _noted(under_test: Service, watch: Watch, model: str) -> float:
    """Seconds from the submission of a note for a model to its end. Raises RuntimeError if it is refused."""
    plan = Plan(under_test.submit_url, (str(note()),), 1, 60, requests=1, fields=({"model": model},))
    outcome = generate(plan)
    if outcome.refused:
        raise RuntimeError(f"a note for the model {model} was refused")
    (answer,) = outcome.accepted
    watch.wait_ended([str(answer.task_id)], _PATIENCE)
    return watch.ended_at(str(answer.task_id)) - outcome.began - answer.due


def _served(under_test: Service, files: tuple[str, ...]) -> float:
    """Seconds from the first submission to the last end. Raises RuntimeError if one is refused."""
    with Watch(under_test) as watch:
        outcome = generate(Plan(under_test.submit_url, files, len(files), _PATIENCE, requests=len(files)))
        if outcome.refused:
            raise RuntimeError(f"{outcome.refused} recordings were refused")
        watch.wait_ended({str(answer.task_id) for answer in outcome.accepted}, _PATIENCE)
        return watch.events[-1].at - outcome.began


def _chunks(cut: Precut) -> list[Chunk]:
    return [(cut.pcm, start, end) for start, end in cut.chunks]


def _length(cut: Precut) -> int:
    """Samples of the whole recording."""
    return Path(cut.pcm).stat().st_size // 4


def _by_length(chunks: Iterable[Chunk]) -> list[Chunk]:
    """Order chunks, the shortest first, so that those of a call are alike."""
    return sorted(chunks, key=lambda chunk: chunk[2] - chunk[1])


def _seconds(chunks: Sequence[Chunk]) -> float:
    return sum(end - start for _, start, end in chunks) / SAMPLE_RATE


def _batches(chunks: Sequence[Chunk], items: int) -> list[list[Chunk]]:
    return [list(chunks[first : first + items]) for first in range(0, len(chunks), items)]
