"""A voice note while an hour-long lecture has the only worker (whisper-base, processor, default settings).

The note is 10 s of Chinese (OGG/Opus), the lecture English. The note is submitted 20 times, each a random 1
to 9 s after the last one's result, so that it arrives at any point of the lecture's chunks; its time runs
from the first byte of its upload until its result is announced. Its time alone is the median of five before
and five after. The engine logs its calls: each chunk that the media process cuts is one call when the lecture
is alone (the recogniser takes one chunk per call), so a repeated or differently cut chunk would be a surplus
call. The lecture is cancelled after the last note; with --whole it is transcribed to its end.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _bare import Precut, precut
from _calls import CallLog, Tally, call_log, fingerprint, logged, tally
from _figures import Figure, Target, median, over_rounds, percentile
from _one import submit, transcribe
from _recordings import lecture, note
from _service import Service, service
from _watch import Watch

from voxq.engines import registry
from voxq.engines.contract import EngineRequest
from voxq.model_store.store import ModelStore

_ENGINE, _MODEL = "faster-whisper", "whisper-base"
_MINUTES = 60
_NOTES = 20
_ALONE = 5
_PAUSE = (1.0, 9.0)
_NOTE_SECONDS = 60.0
_LECTURE_SECONDS = 1200.0


def measure(say: Callable[[str], None], *, whole: bool = False) -> list[Figure]:
    model = ModelStore().resolve(_MODEL)
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own, call_log(Path(own) / "calls") as log:
        say(f"recording {_MINUTES} minutes")
        recording = lecture(Path(own), _MINUTES)
        expected, others = _chunks(recording, model), _chunks(note(), model)
        settings = {"asr_engine": logged(_ENGINE, alone=True), "asr_model": str(model), "asr_use_gpu": False}
        with service(**settings) as under_test, Watch(under_test) as watch:
            warmed_up = len(log)
            say(f"{_ALONE + 1} notes alone")
            before = _times_alone(under_test, watch, _ALONE + 1)[1:]
            beside = _times_beside(under_test, watch, recording, log, whole, say)
            say(f"{_ALONE} notes alone again")
            alone = before + _times_alone(under_test, watch, _ALONE)
        did = tally(log.calls(warmed_up), expected, others)
    if whole and did.chunks < len(expected):
        raise RuntimeError(f"{did.chunks} of {len(expected)} chunks of the lecture came to the engine")
    return _figures(alone, beside, did, len(expected))


def _chunks(recording: Path, model: Path) -> list[int]:
    """Fingerprints of a recording's chunks, cut as in a worker."""
    traits = registry.find(_ENGINE).traits_for(EngineRequest(_ENGINE, str(model)))
    with tempfile.NamedTemporaryFile(prefix="voxq-bench-") as pcm:
        cut: Precut = precut(recording, Path(pcm.name), traits, _MINUTES * 60 + 1)
        samples = np.memmap(pcm.name, "<f4", "r")
        return [fingerprint(samples[start:end]) for start, end in cut.chunks]


def _times_alone(under_test: Service, watch: Watch, count: int) -> list[float]:
    return [transcribe(under_test, watch, note(), _NOTE_SECONDS).seconds for _ in range(count)]


def _times_beside(
    under_test: Service,
    watch: Watch,
    recording: Path,
    log: CallLog,
    whole: bool,
    say: Callable[[str], None],
) -> list[float]:
    choose = random.Random(_NOTES)
    before = len(log)
    _, task_id = submit(under_test, recording)
    _wait_for(lambda: len(log) > before, "the lecture does not start")
    seconds = []
    for number in range(_NOTES):
        say(f"note {number + 1} of {_NOTES} beside the lecture")
        time.sleep(choose.uniform(*_PAUSE))
        seconds.append(transcribe(under_test, watch, note(), _NOTE_SECONDS).seconds)
    if watch.has_ended(task_id):
        raise RuntimeError("the lecture ended before the last note")
    if whole:
        say("the rest of the lecture")
    else:
        _cancel(under_test, task_id)
    watch.wait_ended([task_id], _LECTURE_SECONDS)
    return seconds


def _wait_for(happened: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _NOTE_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.05)


def _cancel(under_test: Service, task_id: str) -> None:
    request = urllib.request.Request(f"{under_test.url}/api/v1/asr/task/{task_id}", method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()


def _figures(alone: list[float], beside: list[float], did: Tally, chunks: int) -> list[Figure]:
    usual = median(alone)
    ratios = [seconds / usual for seconds in beside]
    return [
        over_rounds("note alone", alone, "s", note=f"{len(alone)} times"),
        over_rounds("note beside the lecture: p50", beside, "s", note=f"{len(beside)} times"),
        Figure("note beside the lecture: p95", percentile(beside, 95), "s"),
        Figure("beside / alone: p50", median(ratios), "", Target("<=", 2)),
        Figure("beside / alone: p95", percentile(ratios, 95), "", Target("<=", 3)),
        Figure(
            "the lecture's engine calls beyond those it makes alone",
            did.surplus,
            "",
            Target("=", 0),
            note=f"{did.chunks} of its {chunks} chunks came up",
        ),
    ]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
