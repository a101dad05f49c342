"""`voxq queue` and related commands against a real API: tasks of all kinds in one view, in any number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from api_server import ApiServer
from task_lab import Lab, failed, make_worker

from voxq import kinds
from voxq.core.task import Lane, Task
from voxq.kinds.speech import SpeechOptions

KINDS = list(kinds.registered())


def voxq(api: ApiServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxq.cli", *arguments, "--url", api.url]
    return subprocess.run(command, cwd=api.storage, capture_output=True, text=True, timeout=120)


def submitted(lab: Lab, kind: str) -> Task:
    options = {"options": SpeechOptions("heart")} if kind == "tts" else {}
    return lab.submit(owner="anonymous", kind=kind, **options)


def fail(lab: Lab, kind: str, count: int) -> list[Task]:
    tasks = [submitted(lab, kind) for _ in range(count)]
    for task in tasks:
        assert lab.ending.end(task, failed())
    return tasks


def test_tasks_of_all_kinds_are_listed_together(api: ApiServer, lab: Lab) -> None:
    failures = [task for kind in KINDS for task in fail(lab, kind, 1)]
    waiting = [submitted(lab, kind) for kind in KINDS]
    counts = json.loads(voxq(api, "queue", "--json").stdout)
    number = len(KINDS)
    assert (counts["queued"], counts["failed"], counts["queued_seconds"]) == (number, number, 10.0 * number)
    assert [counts["kinds"][kind]["queued"] for kind in KINDS] == [1] * number
    assert "recordings" in (table := voxq(api, "queue").stdout) and "texts" in table
    listed = json.loads(voxq(api, "queue", "failed", "--json").stdout)
    assert {(r["task_id"], r["kind"]) for r in listed} == {(task.id, task.kind) for task in failures}
    history = json.loads(voxq(api, "history", "--json").stdout)
    assert {record["kind"] for record in history} == set(KINDS)
    for task in (*waiting, *failures):
        state = json.loads(voxq(api, "task", task.short_id, "--json").stdout)
        assert (state["task_id"], state["status"]) == (task.id, lab.status(task))
    unknown = voxq(api, "task", "abcdef123456")
    assert (unknown.returncode, "not found" in unknown.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [["--all"], []], ids=["all", "ids"])
def test_failed_tasks_are_queued_again(api: ApiServer, lab: Lab, arguments: list[str]) -> None:
    tasks = [task for kind in KINDS for task in fail(lab, kind, 2)]
    chosen = arguments or [task.id for task in tasks]
    assert voxq(api, "queue", "requeue", *chosen).returncode == 0
    assert [lab.status(task) for task in tasks] == ["queued"] * len(tasks)
    assert json.loads(voxq(api, "queue", "--json").stdout)["failed"] == 0


def test_purging_removes_more_than_one_page_of_failed_tasks(api: ApiServer, lab: Lab) -> None:
    tasks = [*fail(lab, "asr", 103), *fail(lab, "tts", 2)]
    done = voxq(api, "queue", "purge", "--all")
    assert (done.returncode, done.stdout.count("removed")) == (0, len(tasks))
    assert json.loads(voxq(api, "queue", "failed", "--json").stdout) == []


def test_audio_is_saved_completely_or_not_at_all(api: ApiServer, lab: Lab, tmp_path: Path) -> None:
    task = submitted(lab, "asr")
    assert voxq(api, "task", task.id, "-o", str(tmp_path / "sound.ogg")).returncode == 0
    assert (tmp_path / "sound.ogg").read_bytes() == lab.blobs.path(task.file).read_bytes()
    text = submitted(lab, "tts")
    lab.blobs.remove(text.file)
    refused = voxq(api, "task", text.id, "-o", str(tmp_path / "speech.wav"))
    assert (refused.returncode, "queued" in refused.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if "speech" in path.name] == []


def test_what_waits_and_runs_is_listed_in_its_order(api: ApiServer, lab: Lab) -> None:
    tasks = [submitted(lab, kind) for kind in KINDS for _ in range(2)]
    (taken,) = lab.claim(make_worker(), {Lane.SHORT: 1})
    assert taken == tasks[0]
    told = json.loads(voxq(api, "queue", "list", "--json").stdout)
    assert [task["task_id"] for task in told] == [task.id for task in tasks]
    assert [task["status"] for task in told] == ["processing", *["queued"] * (len(tasks) - 1)]
    waiting = json.loads(voxq(api, "queue", "list", "--status", "queued", "--json").stdout)
    assert waiting == [task | {"age": waiting[n]["age"]} for n, task in enumerate(told[1:])]
    table = voxq(api, "queue", "list", "-n", "2").stdout
    assert all(task.id in table for task in tasks[:2]) and tasks[2].id not in table
    assert "--limit 4" in table


def test_everything_is_removed(api: ApiServer, lab: Lab) -> None:
    lost = fail(lab, "asr", 2)
    waiting = [submitted(lab, "asr") for _ in range(103)] + [submitted(lab, "tts")]
    (taken,) = lab.claim(make_worker(), {Lane.SHORT: 1})
    done = voxq(api, "queue", "purge", "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("removed") == len(lost) + len(waiting)
    assert json.loads(voxq(api, "queue", "list", "--json").stdout) == []
    counts = json.loads(voxq(api, "queue", "--json").stdout)
    assert (counts["queued"], counts["processing"], counts["failed"]) == (0, 0, 0)
    assert lab.status(taken) == "cancelled"


def test_only_the_failed_ones_are_removed(api: ApiServer, lab: Lab) -> None:
    fail(lab, "asr", 2)
    waiting = submitted(lab, "asr")
    assert voxq(api, "queue", "purge", "--failed").stdout.count("removed") == 2
    assert lab.status(waiting) == "queued"
    assert voxq(api, "queue", "purge", "--failed", "--all").returncode == 2
