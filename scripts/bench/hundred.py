"""A hundred users at once: 100 clients each submit a different voice note at the same moment.

The notes are English speech of 4 to 8 s (OGG/Opus), recognised by one worker with the default settings.
"Ended exactly once" is counted twice, by the ends published in Redis and by the lines of the history file;
both must be one for each task whose id a client got, and no task may be left open. A note's wait runs from
its submission until a worker takes it. The order is fair if notes start in the order in which they entered
the lane, which is when their uploads were complete and checked; it is measured by Kendall's tau over all
pairs (1 = exactly that order) and the greatest displacement in places.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from _figures import Figure, Target, greatest_displacement, kendall_tau, percentile
from _load import Outcome, Plan, generate
from _recordings import notes
from _service import Service, service
from _watch import Event, Watch

from voxq.core.task import Status
from voxq.parts import Parts

_COUNT = 100
_PATIENCE = 300.0
_LOG_SECONDS = 10.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="voxq-bench-") as own,
        service() as under_test,
        Watch(under_test) as watch,
    ):
        files = tuple(str(note) for note in notes(Path(own), _COUNT))
        say(f"{_COUNT} notes at once")
        outcome = generate(Plan(under_test.submit_url, files, _COUNT, _PATIENCE, requests=_COUNT))
        ids = [str(answer.task_id) for answer in outcome.accepted]
        watch.wait_ended(ids, _PATIENCE)
        events = watch.events
        lines = _history(under_test, ids)
        left = len(Parts.of(under_test.settings).journal.open_ids())
        results = _durations(under_test, ids)
        stored = _bytes_in(under_test.settings.storage_path)
    ends = Counter(event.task_id for event in events if event.status.is_terminal)
    once = [each for each in ids if ends[each] == 1 and lines[each] == 1]
    done = [event for event in events if event.status is Status.DONE]
    return [
        Figure("answered with an id", len(ids), "", Target("=", _COUNT)),
        Figure("ended exactly once", len(once), "", Target("=", len(ids)), note=f"{left} left open"),
        Figure("done", len(done), "", Target("=", len(ids))),
        *_times(outcome, events, results),
        Figure("storage afterwards", stored / 1e6, "MB", Target("<", 100), note="everything on the disk"),
    ]


def _times(outcome: Outcome, events: Sequence[Event], seconds: dict[str, float]) -> list[Figure]:
    submitted = {str(answer.task_id): outcome.began + answer.due for answer in outcome.accepted}
    started = _first(events, Status.PROCESSING)
    waits = [started[each] - submitted[each] for each in submitted]
    places = {task_id: place for place, task_id in enumerate(_first(events, Status.QUEUED))}
    order = [places[each] for each in started]
    whole = events[-1].at - outcome.began
    audio = sum(seconds.values())
    return [
        Figure("submitting, all answered", max(answer.latency for answer in outcome.accepted), "s"),
        Figure("wait to start: p50", percentile(waits, 50), "s"),
        Figure("wait to start: longest", max(waits), "s", Target("<", 60)),
        Figure("all done after", whole, "s", note=f"{audio:.0f} s of audio"),
        Figure("rate", len(submitted) / whole * 60, "requests/min", Target(">=", 100)),
        Figure("real-time factor, whole service", whole / audio, "", note="seconds per second of audio"),
        Figure("order: Kendall's tau", kendall_tau(order), "", Target(">=", 0.99)),
        Figure("order: greatest displacement", greatest_displacement(order), "places"),
    ]


def _first(events: Sequence[Event], status: Status) -> dict[str, float]:
    """Time at which each task first had this status, in chronological order."""
    found: dict[str, float] = {}
    for event in events:
        if event.status is status:
            found.setdefault(event.task_id, event.at)
    return found


def _history(under_test: Service, ids: Sequence[str]) -> Counter[str]:
    """Lines of the history file per task. A line follows its event, so this waits for the last ones."""
    path = under_test.settings.logs_dir / "asr_history.jsonl"
    deadline = time.monotonic() + _LOG_SECONDS
    while True:
        found = Counter(json.loads(line)["task_id"] for line in path.read_text("utf-8").splitlines())
        if found.keys() >= set(ids) or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _bytes_in(directory: Path) -> int:
    """Total size of the files below a directory; files may disappear meanwhile."""
    total = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += path.lstat().st_size
    return total


def _durations(under_test: Service, ids: Sequence[str]) -> dict[str, float]:
    """Seconds of audio of each task, by its result."""
    with under_test.redis() as client:
        documents = client.mget([f"asr:task:{each}" for each in ids])
    return {each: json.loads(found)["duration"] for each, found in zip(ids, documents, strict=True) if found}


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
