"""Voice notes while an hour-long lecture has the only worker (whisper-base, processor, default settings).

The note is 10 s of Chinese (OGG/Opus), the lecture English. The lecture is transcribed alone, and then with
up to 20 notes, each submitted a random 0.5 to 5 s after the last one's result, so that it arrives at any
point of the lecture's batches; a note's time runs from the first byte of its upload until its result is
announced. Its time alone is the median of five before and five after. What the lecture loses is engine time:
beside the notes, and until 30 s after them, it goes in shorter chunks and smaller batches. The notes' own
engine time is not part of that, but of the lecture's time from submission to end.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _figures import Figure, Target, median, over_rounds, percentile
from _one import Transcribed, submit, transcribe, transcribed
from _recordings import lecture, note
from _service import Service, service
from _watch import Watch

from voxq.core.task import Status

_MINUTES = 60
_NOTES = 20
_LEAST_NOTES = 8
_ALONE = 5
_PAUSE = (0.5, 5.0)
_NOTE_SECONDS = 60.0
_LECTURE_SECONDS = 1800.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
        say(f"recording {_MINUTES} minutes")
        recording = lecture(Path(own), _MINUTES)
        settings = {"asr_engine": "faster-whisper", "asr_model": "whisper-base", "asr_use_gpu": False}
        with (
            service(**settings, rq_worker_count=1) as under_test,
            Watch(under_test) as watch,
        ):
            say(f"{_ALONE + 1} notes alone")
            before = _times_alone(under_test, watch, _ALONE + 1)[1:]
            say("the lecture alone")
            alone = transcribe(under_test, watch, recording, _LECTURE_SECONDS)
            beside, seconds = _beside(under_test, watch, recording, say)
            say(f"{_ALONE} notes alone again")
            idle = before + _times_alone(under_test, watch, _ALONE)
    return _figures(idle, seconds, alone, beside)


def _times_alone(under_test: Service, watch: Watch, count: int) -> list[float]:
    return [transcribe(under_test, watch, note(), _NOTE_SECONDS).seconds for _ in range(count)]


def _beside(
    under_test: Service, watch: Watch, recording: Path, say: Callable[[str], None]
) -> tuple[Transcribed, list[float]]:
    """Transcribe the lecture, and notes while it lasts."""
    choose = random.Random(_NOTES)
    began, task_id = submit(under_test, recording)
    _wait_until_it_runs(watch, task_id)
    seconds: list[float] = []
    while len(seconds) < _NOTES:
        time.sleep(choose.uniform(*_PAUSE))
        if watch.has_ended(task_id):
            break
        say(f"note {len(seconds) + 1} of {_NOTES} beside the lecture")
        seconds.append(transcribe(under_test, watch, note(), _NOTE_SECONDS).seconds)
    if len(seconds) < _LEAST_NOTES:
        raise RuntimeError(f"the lecture ended after {len(seconds)} notes")
    say("the rest of the lecture")
    watch.wait_ended([task_id], _LECTURE_SECONDS)
    return transcribed(under_test, watch, began, task_id), seconds


def _wait_until_it_runs(watch: Watch, task_id: str) -> None:
    deadline = time.monotonic() + _NOTE_SECONDS
    while not any(each.task_id == task_id and each.status is Status.PROCESSING for each in watch.events):
        if time.monotonic() > deadline:
            raise TimeoutError("the lecture does not start")
        time.sleep(0.05)


def _figures(
    idle: list[float], seconds: list[float], alone: Transcribed, beside: Transcribed
) -> list[Figure]:
    usual = median(idle)
    ratios = [each / usual for each in seconds]
    engine, more = (each.document["timings"]["engine"] for each in (alone, beside))
    return [
        over_rounds("note alone", idle, "s", note=f"{len(idle)} times"),
        over_rounds("note beside the lecture: p50", seconds, "s", note=f"{len(seconds)} times"),
        Figure("note beside the lecture: p95", percentile(seconds, 95), "s"),
        Figure("beside / alone: p50", median(ratios), "", Target("<=", 1.5)),
        Figure("beside / alone: p95", percentile(ratios, 95), "", Target("<=", 2)),
        Figure("the lecture alone", alone.seconds, "s", note=f"{engine:.0f} s of engine time"),
        Figure("the lecture beside notes", beside.seconds, "s", note=f"{more:.0f} s of engine time"),
        Figure("the lecture loses", 100 * (more / engine - 1), "%", Target("<=", 10), note="engine time"),
    ]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
