"""FunASR: costs and gains of running it in this service, compared with `AutoModel.generate` alone.

The model has SenseVoiceSmall's class and size (234 million weights) with random weights: speed and memory are
those of the published one, the text is not. Short clips (1 to 6 s of English) go through the bare model one
per call and in batches of 16 of similar length; longer recordings go through a service with default settings,
and through a bare loop on exactly the chunks that the service cuts, one per call, with the same threads.
Three rounds in turns. `--device cuda` runs on the first GPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _bare import Precut, precut
from _figures import Figure, Target, over_rounds
from _load import Plan, generate
from _recordings import notes, speeches
from _service import Service, service
from _watch import Watch

from voxq.engines import registry
from voxq.engines.contract import EngineRequest
from voxq.machine.devices import available_cpus
from voxq.speech.audio import SAMPLE_RATE

SMALL_SENSEVOICE = Path(__file__).parents[2] / "tests" / "data" / "models" / "sv-words"
_ROUNDS = 3
_CLIPS = 48
_BATCH = 16
_PATIENCE = 400.0
_MOST_SECONDS = 600.0

Call = Sequence[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class _Alone:
    """Parent's side of `_sensevoice_alone`; `loaded` is its first message, about import and loading."""

    process: subprocess.Popen[str]
    loaded: dict[str, float]

    def run(self, calls: Sequence[Call]) -> dict[str, float]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(calls) + "\n")
        self.process.stdin.flush()
        return line_of(self.process)


def measure(say: Callable[[str], None], *, device: str = "cpu") -> list[Figure]:
    threads = available_cpus()
    place = device if ":" in device or device == "cpu" else f"{device}:0"
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        model = Path(own) / "sensevoice"
        say("building and loading the model")
        with _alone(model, place, threads) as alone:
            figures = [
                Figure("import of FunASR", alone.loaded["import"], "s"),
                Figure("load of the model", alone.loaded["load"], "s"),
            ]
            figures += _batching(alone, Path(own), device, say)
            figures += _service(alone, model, Path(own), device, threads, say)
    return figures


def _batching(alone: _Alone, own: Path, device: str, say: Callable[[str], None]) -> Iterator[Figure]:
    cut = precut_all(notes(own, _CLIPS, 1.0, 6.0), own)
    audio = sum(each.seconds for each in cut)
    clips = sorted(((each.pcm, 0, int(each.seconds * SAMPLE_RATE)) for each in cut), key=lambda clip: clip[2])
    single = [[clip] for clip in clips]
    batches = [clips[start : start + _BATCH] for start in range(0, len(clips), _BATCH)]
    alone.run(batches[-1:])  # warm-up with the longest, which allocates all buffers
    one, many = [], []
    last: dict[str, float] = {}
    for number in range(_ROUNDS):
        say(f"short clips, round {number + 1} of {_ROUNDS}")
        one.append(alone.run(single)["seconds"])
        last = alone.run(batches)
        many.append(last["seconds"])
    target = Target(">=", 5) if device != "cpu" else None
    yield over_rounds("short clips, one a call", [audio / seconds for seconds in one], "audio s/s")
    yield over_rounds(f"short clips, {_BATCH} a call", [audio / seconds for seconds in many], "audio s/s")
    yield over_rounds("batched / serial", [a / b for a, b in zip(one, many, strict=True)], "times", target)
    yield over_rounds("real-time factor, batched", [seconds / audio for seconds in many], "")
    yield Figure("memory of the process", last["rss_mb"], "MB")
    if last["gpu_mb"]:
        yield Figure("memory of the GPU", last["gpu_mb"], "MB")


def _service(
    alone: _Alone, model: Path, own: Path, device: str, threads: int, say: Callable[[str], None]
) -> Iterator[Figure]:
    settings: dict[str, Any] = {"asr_engine": "funasr", "asr_model": str(model), "rq_worker_count": 1}
    settings |= {"asr_threads": threads, "asr_use_gpu": device != "cpu"}
    recordings = speeches(own)
    cut = precut_all(recordings, own)
    audio = sum(each.seconds for each in cut)
    calls = [[(each.pcm, start, end)] for each in cut for start, end in each.chunks]
    with service(**settings) as under_test:
        bare, served = [], []
        for number in range(_ROUNDS):
            say(f"recordings, round {number + 1} of {_ROUNDS}")
            bare.append(audio / alone.run(calls)["seconds"])
            served.append(audio / seconds_of(under_test, recordings))
    note = f"{audio:.0f} s in {len(calls)} chunks, {threads} threads"
    yield over_rounds("bare FunASR loop", bare, "audio s/s", note=note)
    yield over_rounds("service", served, "audio s/s")
    ratios = [of_service / of_loop for of_service, of_loop in zip(served, bare, strict=True)]
    yield over_rounds("service / bare FunASR loop", ratios, "", Target(">=", 0.95))


def precut_all(recordings: Sequence[Path], directory: Path) -> list[Precut]:
    """Cut recordings as a service with SenseVoice does."""
    traits = registry.find("funasr").traits_for(EngineRequest("funasr", str(SMALL_SENSEVOICE)))
    return [
        precut(recording, directory / f"{recording.stem}-{number}.f32", traits, _MOST_SECONDS)
        for number, recording in enumerate(recordings)
    ]


def seconds_of(under_test: Service, recordings: Sequence[Path]) -> float:
    """Seconds from the first submission to the last end."""
    files = tuple(map(str, recordings))
    with Watch(under_test) as watch:
        outcome = generate(Plan(under_test.submit_url, files, len(files), _PATIENCE, requests=len(files)))
        if outcome.refused:
            raise RuntimeError(f"{outcome.refused} submissions were refused")
        watch.wait_ended({str(answer.task_id) for answer in outcome.accepted}, _PATIENCE)
        return watch.events[-1].at - outcome.began


@contextmanager
def _alone(model: Path, device: str, threads: int) -> Iterator[_Alone]:
    command = [sys.executable, str(Path(__file__).with_name("_sensevoice_alone.py"))]
    subprocess.run([*command, str(SMALL_SENSEVOICE), str(model)], stdout=sys.stderr, check=True)
    command += [str(model), device, str(threads)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield _Alone(process, line_of(process))
    finally:
        process.kill()
        process.wait()


def line_of(process: subprocess.Popen[str]) -> dict[str, float]:
    """Read the next message of a bare engine. Raises RuntimeError if it has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the bare engine has ended")
    return json.loads(line)


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
