"""`voxq transcribe` against a real API: command-line options become the options of the task."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api_server import RECORDINGS, ApiServer
from task_lab import Lab, done
from worker_lab import wait_for

from voxq.core.task import Task
from voxq.kinds.transcription import TranscriptionOptions

NOTE = RECORDINGS / "zh_note.ogg"


def transcribe(api: ApiServer, *arguments: str, file: Path = NOTE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxq.cli", "transcribe", str(file), "--url", api.url, *arguments]
    return subprocess.run(command, cwd=api.storage, capture_output=True, text=True, timeout=120)


def the_task(lab: Lab, before: set[str]) -> Task:
    def queued() -> Task | None:
        tasks = map(lab.journal.open_task, set(lab.journal.open_ids()) - before)
        return next((task for task in tasks if task is not None and lab.status(task) == "queued"), None)

    task = wait_for(queued, "a task")
    assert task is not None
    return task


def transcribed(api: ApiServer, lab: Lab, text: str, *wishes: str) -> tuple[Task, str]:
    """Return the task that the command submits and the command's output after it has ended with this text."""
    before = set(lab.journal.open_ids())
    with ThreadPoolExecutor(1) as pool:
        transcribing = pool.submit(transcribe, api, *wishes)
        task = the_task(lab, before)
        lab.ending.end(task, done(text, model="whisper-base"))
        command = transcribing.result()
    assert command.returncode == 0, command.stderr
    return task, command.stdout


def test_command_line_options_reach_the_task(api: ApiServer, lab: Lab) -> None:
    wishes = ("--model", "Base", "--no-vad", "--no-punc", "--itn", "-l", "zh", "--words")
    task, printed = transcribed(api, lab, "fertig", *wishes)
    assert task.options == TranscriptionOptions(
        model="whisper-base", language="zh", words=True, use_vad=False, use_punc=False, use_itn=True
    )
    assert printed == "fertig\n"


def test_an_earlier_result_is_returned_at_once(api: ApiServer, lab: Lab) -> None:
    assert transcribed(api, lab, "einmal", "--cache")[1] == "einmal\n"
    assert transcribe(api, "--cache").stdout == "einmal\n", "with no worker there"


def test_an_unknown_model_is_refused_with_the_available_ones(api: ApiServer) -> None:
    command = transcribe(api, "--model", "nobody")
    assert command.returncode == 1
    assert "Model not found. There are: whisper-base" in " ".join(command.stderr.split())


def test_errors_name_the_file_and_the_reason(api: ApiServer) -> None:
    command = transcribe(api, file=Path(__file__))
    assert command.returncode == 1
    said = " ".join(command.stderr.split())
    assert "Invalid file format: The file is damaged, or not a supported format." in said
