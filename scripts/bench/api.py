"""Processes: start-up time of the API, and memory of each process.

The API is started three more times beside a running service, on its own port and storage, and asked for
`/livez` from its exec on. Memory is read after the transcription of a 20 s recording: RSS counts shared pages
for each process, USS only the pages that would be freed if the process ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from _ended import ended
from _figures import Figure, over_rounds
from _load import Plan, generate
from _memory import weigh
from _recordings import upload
from _service import Service, service
from _watch import Watch

from voxq.supervisor.ports import free_port
from voxq.supervisor.programs import api_part

_STARTS = 3
_START_SECONDS = 60.0
_MIB = 1 << 20


def measure(say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own, service() as under_test:
        say("starting the API")
        starts = [_seconds_to_first_answer(under_test, Path(own) / str(number)) for number in range(_STARTS)]
        say("transcribing, then weighing the processes")
        _transcribe(under_test, upload(Path(own)))
        memory = list(_memory(under_test))
    return [
        over_rounds("API: exec to first /livez", starts, "s", note=f"{_STARTS} starts"),
        *memory,
    ]


def _seconds_to_first_answer(under_test: Service, storage: Path) -> float:
    changed = {"api_port": free_port(), "storage_path": storage}
    part = api_part(under_test.settings.model_copy(update=changed))
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(part.argv, env={**os.environ, **part.env}, stdout=output, stderr=output)
        with ended(process):
            while not _is_alive(f"http://127.0.0.1:{changed['api_port']}/livez"):
                if process.poll() is not None or time.monotonic() - began > _START_SECONDS:
                    raise RuntimeError("the API does not start")
                time.sleep(0.01)
            return time.monotonic() - began


def _is_alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _transcribe(under_test: Service, recording: Path) -> None:
    with Watch(under_test) as watch:
        outcome = generate(Plan(under_test.submit_url, (str(recording),), 1, 60, requests=1))
        watch.wait_ended([str(answer.task_id) for answer in outcome.accepted], 120)


def _memory(under_test: Service) -> Iterator[Figure]:
    for name, weight in weigh(under_test).items():
        note = f"USS {weight.uss:.0f} MB" + (f"; {weight.processes} of them" if weight.processes > 1 else "")
        yield Figure(f"{name}: RSS", weight.rss, "MB", note=note)
    family = [psutil.Process(), *psutil.Process().children(recursive=True)][1:]
    total = sum(process.memory_full_info().pss for process in family) / _MIB
    yield Figure("whole service: memory", total, "MB", note="PSS: shared pages counted once in all")


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
