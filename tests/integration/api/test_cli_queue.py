"""`voxq queue` against a real API: what failed is listed, queued again and removed, however much it is."""

from __future__ import annotations

import json
import subprocess
import sys

from api_server import ApiServer
from task_lab import Lab, failed

from voxq.tasks.task import Task


def voxq(api: ApiServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxq.cli", *arguments, "--url", api.url]
    return subprocess.run(command, cwd=api.storage, capture_output=True, text=True, timeout=60)


def fail(lab: Lab, count: int) -> list[Task]:
    tasks = [lab.submit(owner="anonymous") for _ in range(count)]
    for task in tasks:
        assert lab.ending.end(task, failed())
    return tasks


def test_failed_tasks_are_listed(api: ApiServer, lab: Lab) -> None:
    tasks = fail(lab, 2)
    listed = voxq(api, "queue", "failed", "--json")
    assert {record["task_id"] for record in json.loads(listed.stdout)} == {task.id for task in tasks}


def test_all_failed_tasks_are_queued_again(api: ApiServer, lab: Lab) -> None:
    tasks = fail(lab, 2)
    assert voxq(api, "queue", "requeue", "--all").returncode == 0
    assert [lab.status(task) for task in tasks] == ["queued"] * 2


def test_more_than_one_page_of_failed_tasks_is_removed(api: ApiServer, lab: Lab) -> None:
    tasks = fail(lab, 103)
    done = voxq(api, "queue", "purge", "--all")
    assert (done.returncode, done.stdout.count("removed")) == (0, len(tasks))
    assert json.loads(voxq(api, "queue", "failed", "--json").stdout) == []
