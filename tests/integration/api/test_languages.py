"""Why a task failed, in the language of who asks; what is stored, logged and sent on stays English."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from api_server import ApiServer, running_api, tone
from task_lab import Lab, failed
from worker_lab import NOTE, WorkerLab

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}


def voxq(api: ApiServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voxq.cli", *arguments, "--url", api.url],
        cwd=api.storage,
        env=os.environ | {"VOXQ_LANG": "zh"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def get(api: ApiServer, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{api.url}{path}", headers=headers, timeout=60)


@pytest.fixture
def failed_id(api: ApiServer, lab: Lab) -> str:
    task = lab.journal.open_task(api.submitted())
    assert task is not None
    assert lab.ending.end(task, failed())
    return task.id


def test_errors_of_results_are_in_the_language_of_the_request(api: ApiServer, failed_id: str) -> None:
    english, chinese = (
        get(api, f"/api/v1/asr/result/{failed_id}", **headers).json() for headers in ({}, CHINESE)
    )
    assert english["error"] == "Processing timeout (600s exceeded)"
    assert chinese["error"] == "处理超时（超过 600 秒）"
    said = ("error", "incidents")
    assert {n: v for n, v in chinese.items() if n not in said} == {
        n: v for n, v in english.items() if n not in said
    }
    for query in ("", "?status=failed"):
        (record, *_) = get(api, f"/api/v1/asr/history{query}", **CHINESE).json()["records"]
        assert record["error"] == chinese["error"]


def test_commands_show_errors_of_tasks_in_chinese(api: ApiServer, failed_id: str) -> None:
    for command in (["task", failed_id], ["history"], ["queue", "failed"]):
        assert "处理超时（超过 600 秒）" in voxq(api, *command).stdout
        english = voxq(api, *command, "--json").stdout
        assert english.isascii() and "Processing timeout (600s exceeded)" in english


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "There is no audio track 7; there are: 0 (pcm_u8)."),
        ("zh", "没有音轨 7；可用的有：0 (pcm_u8)。"),
    ],
)
def test_errors_of_files_follow_the_request_with_their_values(
    api: ApiServer, language: str, sentence: str
) -> None:
    answer = httpx.post(
        f"{api.url}/api/v1/asr/submit",
        files={"audio": ("tone.wav", tone(1))},
        data={"audio_track": "7"},
        headers={"Accept-Language": language},
    )
    assert (answer.status_code, answer.json()["error"]) == (422, sentence)


def test_an_engine_crash_is_shown_in_chinese_and_stored_in_english(redis_url: str, tmp_path: Path) -> None:
    lab = WorkerLab(tmp_path, redis_url, max_attempts=1)
    try:
        with running_api(redis_url, tmp_path) as api:
            lab.worker()
            task = lab.submit(NOTE, "fault-segfault", owner="anonymous")
            (outcome,) = lab.wait_for_ends([task])
            assert outcome.error == "The engine crashed on this recording. Given up after 1 attempt."
            shown = voxq(api, "task", task.short_id).stdout
            assert "处理该录音时引擎崩溃。尝试 1 次后放弃。" in "".join(shown.split("\n"))
            state = json.loads(voxq(api, "task", task.short_id, "--json").stdout)
            assert state["code"] == "engine_crashed"
            assert state["error"] == outcome.error
            answer = get(api, f"/api/v1/asr/result/{task.id}", **CHINESE).json()
            assert {each["message"] for each in answer["incidents"]} == {"处理该录音时引擎崩溃。"}
            (log,) = tmp_path.rglob("asr_history.jsonl")
            assert json.loads(log.read_text().splitlines()[-1])["error"] == outcome.error
    finally:
        lab.close()
