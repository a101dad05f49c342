"""`voxq transcribe` against a real API: what is wished on the command line is what the task says."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from api_server import RECORDINGS, ApiServer
from task_lab import Lab, done

from voxq.tasks.task import AsrOptions, Task

NOTE = RECORDINGS / "zh_note.ogg"


def transcribing(api: ApiServer, *arguments: str, file: Path = NOTE) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "voxq.cli", "transcribe", str(file), "--url", api.url, *arguments]
    return subprocess.Popen(
        command, cwd=api.storage, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def the_task(lab: Lab, before: set[str]) -> Task:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for task_id in set(lab.journal.open_ids()) - before:
            task = lab.journal.open_task(task_id)
            if task is not None and lab.status(task) == "queued":
                return task
        time.sleep(0.05)
    raise AssertionError("nothing was submitted")


def test_wishes_reach_the_task(api: ApiServer, lab: Lab) -> None:
    before = set(lab.journal.open_ids())
    command = transcribing(api, "--model", "Base", "--no-vad", "--no-punc", "--itn", "-l", "zh", "--words")
    task = the_task(lab, before)
    lab.ending.end(task, done("fertig", model="whisper-base"))
    out, _ = command.communicate(timeout=30)

    assert task.options == AsrOptions(
        model="whisper-base", language="zh", words=True, use_vad=False, use_punc=False, use_itn=True
    )
    assert (command.returncode, out) == (0, "fertig\n")


def test_what_was_recognised_before_is_there_at_once(api: ApiServer, lab: Lab) -> None:
    before = set(lab.journal.open_ids())
    first = transcribing(api, "--cache")
    lab.ending.end(the_task(lab, before), done("einmal", model="whisper-base"))
    assert first.communicate(timeout=30)[0] == "einmal\n"
    again = transcribing(api, "--cache")
    assert again.communicate(timeout=30)[0] == "einmal\n", "with no worker there"


def test_a_model_that_is_not_there_is_refused_with_those_that_are(api: ApiServer) -> None:
    command = transcribing(api, "--model", "nobody")
    _, err = command.communicate(timeout=30)
    assert command.returncode == 1
    assert "Model not found. There are: whisper-base" in " ".join(err.split())


def test_what_is_wrong_with_a_file_is_said(api: ApiServer) -> None:
    command = transcribing(api, file=Path(__file__))
    _, err = command.communicate(timeout=30)
    assert command.returncode == 1
    assert "Invalid file format: The file is damaged, or not a supported format." in " ".join(err.split())
