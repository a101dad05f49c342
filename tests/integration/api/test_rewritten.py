"""Transcripts that are rewritten, over HTTP: subtitles and the difference, OpenAI's API, what is repeated and
deleted; and recordings whose cleaned text is spoken back and recognised again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import llm_server as fake
import pytest
from api_server import NOTE, ApiServer, running_api, tone
from llm_server import MODEL, LlmServer, llm_server
from worker_lab import WorkerLab, wait_for

from _error_rate import character_error_rate, word_error_rate

ENGLISH = (
    "Please bring the blue folder to the meeting, and tell Martin that the printer is broken again. "
    "If it rains tomorrow, we will take the bus instead of walking to the station"
)
ASR = "/api/v1/asr"


def writes(said: str) -> str:
    """Change marks alone, as a model that is asked to clean up a text without slips does."""
    return said.replace("，", "；").rstrip("。.") + ("。" if re.search("[一-鿿]", said) else ".")


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server(write=writes) as server:
        yield server


@pytest.fixture(scope="module")
def shared_api(
    valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("rewritten")
    settings: dict[str, Any] = {
        "asr_engine": "faster-whisper",
        "asr_model": "whisper-base",
        "max_inflight": 4,
    }
    settings["llm_providers"] = f"local={server.url}/v1|{MODEL}"
    lab = WorkerLab(root, valkey, **settings)
    lab.client.flushall()
    environ: dict[str, Any] = {**lab.settings.environ()}
    del environ["REDIS_URL"], environ["STORAGE_PATH"]
    try:
        with running_api(valkey, root, **environ) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.fixture
def api(shared_api: ApiServer, server: LlmServer) -> ApiServer:
    server.faults.clear()
    return shared_api


def done(api: ApiServer, kind: str, task_id: str) -> dict[str, Any]:
    def ended() -> dict[str, Any]:
        found = api.http.get(f"/api/v1/{kind}/result/{task_id}", params={"wait": 10}).json()
        return found if found["status"] not in ("queued", "processing") else {}

    result = wait_for(ended, "its end", 150)
    assert result["status"] == "done", result
    return result


def transcribed(api: ApiServer, sound: bytes = NOTE, **form: str) -> dict[str, Any]:
    return done(api, "asr", api.submitted(sound, **form))


def shown(api: ApiServer, task: dict[str, Any], **query: str) -> httpx.Response:
    return api.http.get(f"{ASR}/result/{task['task_id']}", params=query)


def test_the_rewritten_text_has_subtitles_and_a_difference_with_times(api: ApiServer) -> None:
    task = transcribed(api, rewrite="optimize", language="zh")
    written = task["rewritten"]["text"]
    assert written != task["text"] and task["rewritten"]["mode"] == "optimize"
    assert shown(api, task, format="text", text="rewritten").text == f"{written}\n"
    assert shown(api, task, format="text").text == f"{task['text']}\n"
    for format, kind in (("srt", "application/x-subrip"), ("vtt", "text/vtt")):
        answer = shown(api, task, format=format, text="rewritten")
        assert answer.headers["content-type"].startswith(kind) and "-->" in answer.text
        assert "".join(re.findall("[一-鿿；]", answer.text)) == "".join(re.findall("[一-鿿；]", written))
    result = shown(api, task, text="rewritten").json()
    assert (result["text"], "words" in result) == (written, False)
    answer = shown(api, task, format="diff")
    assert answer.headers["content-type"] == "application/json"
    steps = answer.json()
    assert "".join(step["raw"] for step in steps) == task["text"]
    assert "".join(step["rewritten"] for step in steps) == written
    times = [time for step in steps for time in (step["start"], step["end"])]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= task["duration"]


def test_what_cannot_be_shown_is_refused(api: ApiServer) -> None:
    task = transcribed(api, tone(2))
    answer = shown(api, task, format="srt", text="rewritten")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_rewritten")
    assert "retry_url" not in answer.json()
    answer = api.http.get(
        f"{ASR}/result/{task['task_id']}", params={"format": "diff"}, headers={"Accept-Language": "zh"}
    )
    assert (answer.status_code, answer.headers["content-language"]) == (409, "zh")
    for query in ({"text": "third"}, {"format": "diff", "text": "original"}):
        answer = shown(api, task, **query)
        assert (answer.status_code, answer.json()["field"]) == (422, "text")
    made = api.http.post(
        "/api/v1/text/submit", json={"text": "Well, um, I I think so.", "mode": "light"}
    ).json()
    text = done(api, "text", made["task_id"])
    url = f"/api/v1/text/result/{text['task_id']}"
    for format in ("srt", "vtt"):
        answer = api.http.get(url, params={"format": format})
        assert (answer.status_code, answer.json()["field"]) == (422, "format")
    assert (
        api.http.get(url, params={"format": "text", "text": "original"}).text == "Well, um, I I think so.\n"
    )


def test_a_step_that_failed_is_repeated_alone(api: ApiServer, server: LlmServer) -> None:
    server.faults.extend([fake.failed(401)] * 4)
    task = transcribed(api, rewrite="punctuate", language="zh", hotwords="公园")
    assert task["text"] and task["rewrite_error"] and "rewritten" not in task
    answer = shown(api, task, format="srt", text="rewritten")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_rewritten")
    record = api.http.get(f"{ASR}/history", params={"limit": 1}).json()["records"][0]
    assert (record["task_id"], record["rewrite_error"]) == (task["task_id"], task["rewrite_error"])
    server.faults.clear()
    assert api.http.post(answer.json()["retry_url"]).status_code == 200
    again = done(api, "asr", task["task_id"])
    assert (again["text"], again["segments"]) == (task["text"], task["segments"])
    assert again["rewritten"]["mode"] == "punctuate" and "rewrite_error" not in again
    assert "-->" in shown(api, task, format="srt", text="rewritten").text
    record = api.http.get(f"{ASR}/history", params={"limit": 1}).json()["records"][0]
    assert (record["task_id"], record["rewrite_mode"]) == (task["task_id"], "punctuate")


def test_openais_api_gives_the_rewritten_text(api: ApiServer, server: LlmServer) -> None:
    def transcription(**fields: str) -> httpx.Response:
        files = {"file": ("note.ogg", NOTE)}
        return api.http.post(
            "/v1/audio/transcriptions", files=files, data={"language": "zh"} | fields, timeout=120
        )

    plain = transcription(rewrite="optimize").json()
    assert plain["rewritten"]["text"] == writes(plain["text"]) != plain["text"]
    verbose = transcription(rewrite="optimize", response_format="verbose_json", text="rewritten").json()
    assert verbose["text"] == plain["rewritten"]["text"] == verbose["rewritten"]["text"]
    assert [segment["text"] for segment in verbose["segments"]] and "words" not in verbose
    assert "；" in transcription(rewrite="optimize", response_format="srt", text="rewritten").text
    assert "；" not in transcription(rewrite="optimize", response_format="srt").text
    streamed = transcription(rewrite="optimize", stream="true").text
    last = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")][-1]
    assert (last["text"], last["rewritten"]["text"]) == (plain["text"], plain["rewritten"]["text"])
    for fields, param in (
        ({"text": "rewritten"}, "text"),
        ({"text": "rewritten", "rewrite": "light", "stream": "true"}, "text"),
        ({"text": "rewritten", "rewrite": "summary", "response_format": "srt"}, "response_format"),
    ):
        answer = transcription(**fields)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    server.faults.extend([fake.failed(401)] * 8)
    failed = transcription(rewrite="punctuate", hotwords="散步").json()
    assert failed["text"] and failed["rewrite_error"]


def test_the_command_line_puts_out_the_rewritten_text(api: ApiServer, tmp_path: Path) -> None:
    recording = tmp_path / "note.ogg"
    recording.write_bytes(NOTE)
    wishes = ("--rewrite", "optimize", "--language", "zh", "--text", "rewritten")
    srt = voxq(api, tmp_path, "transcribe", str(recording), *wishes, "-f", "srt")
    assert "-->" in srt and "；" in srt
    task_id = api.http.get(f"{ASR}/history", params={"limit": 1}).json()["records"][0]["task_id"]
    written = shown(api, {"task_id": task_id}).json()["rewritten"]["text"]
    assert voxq(api, tmp_path, "task", task_id, "--text", "rewritten") == f"{written}\n"
    steps = json.loads(voxq(api, tmp_path, "task", task_id, "-f", "diff"))
    assert "".join(step["rewritten"] for step in steps) == written


def voxq(api: ApiServer, directory: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "voxq.cli", *arguments, "--url", api.url]
    done = subprocess.run(command, cwd=directory, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_deletion_erases_the_rewritten_text(api: ApiServer) -> None:
    task = transcribed(api, rewrite="optimize", language="zh", hotwords="天气")
    log = api.storage / "logs" / "asr_history.jsonl"
    lines = [line for line in log.read_text("utf-8").splitlines() if task["task_id"] in line]
    assert json.loads(lines[-1])["rewritten"] == task["rewritten"]["text"]
    api.http.delete(f"{ASR}/task/{task['task_id']}")
    (left,) = [line for line in log.read_text("utf-8").splitlines() if task["task_id"] in line]
    assert "rewritten" not in json.loads(left) and json.loads(left)["text"] == ""


def spoken(api: ApiServer, text: str, voice: str) -> bytes:
    there = [each["name"] for each in api.http.get("/api/v1/tts/voices").json()["voices"]]
    if voice not in there:
        pytest.skip(f"the voice {voice} is not installed: voxq models pull kokoro")
    asked = {"text": text, "voice": voice, "format": "opus"}
    task = done(api, "tts", api.http.post("/api/v1/tts/submit", json=asked).json()["task_id"])
    return api.http.get(task["audio_url"]).content


@pytest.mark.parametrize(
    ("language", "voice", "measure", "allowed"),
    [("zh", "zf_xiaobei", character_error_rate, 0.25), ("en", "heart", word_error_rate, 0.2)],
    ids=["chinese", "english"],
)
def test_a_cleaned_text_is_spoken_back_and_recognised_again(
    api: ApiServer, language: str, voice: str, measure: Callable[[str, str], float], allowed: float
) -> None:
    """A person's note in Chinese; an English one is spoken by a voice, for want of a recording."""
    sound = NOTE if language == "zh" else spoken(api, ENGLISH, voice)
    written = transcribed(api, sound, rewrite="optimize", language=language)["rewritten"]
    assert (written["mode"], "reason" in written) == ("optimize", False)
    heard = transcribed(api, spoken(api, written["text"], voice), language=language)["text"]
    assert measure(written["text"], heard) <= allowed, (written["text"], heard)
