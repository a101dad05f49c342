"""An option declared in one place appears everywhere: requests, their documentation, the command line,
settings, records, and the keys that separate results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import redis
from api_server import NOTE, ApiServer, running_api

DECLARED = Path(__file__).parents[2] / "support" / "one_more_option"
WITH_IT = {"PYTHONPATH": str(DECLARED)}
FORMS = ("/api/v1/asr/submit", "/v1/audio/transcriptions", "/v1/audio/translations")


@pytest.fixture(scope="module")
def louder(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with redis.Redis.from_url(valkey) as client:
        client.flushall()  # it belongs to the storage that used it first
    with running_api(valkey, tmp_path_factory.mktemp("louder"), OPENAI_TIMEOUT_SECONDS="1", **WITH_IT) as api:
        yield api


def stored(api: ApiServer, task_id: str) -> dict[str, Any]:
    """Return the options in the record of a task on disk."""
    [path] = (api.storage / "journal").rglob(f"*{task_id}*")
    return json.loads(path.read_text())["options"]


def voxq(*arguments: str) -> str:
    environ = {**os.environ, **WITH_IT, "COLUMNS": "200"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_form_has_it(louder: ApiServer) -> None:
    assert stored(louder, louder.submitted(loudness=" 11 "))["loudness"] == 11
    refused = louder.submit(loudness="12")
    assert (refused.status_code, refused.json()["field"]) == (422, "loudness")
    assert "loudness" in louder.submit(volume="11").json()["fields"]


def test_a_json_body_has_it(louder: ApiServer) -> None:
    answer = louder.http.post("/api/v1/tts/submit", json={"text": "Hello.", "loudness": 11})
    assert stored(louder, answer.json()["task_id"])["loudness"] == 11
    many = louder.http.post("/api/v1/tts/batch", json={"texts": ["Hello.", "Goodbye."], "loudness": 3})
    assert [stored(louder, each["task_id"])["loudness"] for each in many.json()["tasks"]] == [3, 3]
    refused = louder.http.post("/api/v1/tts/submit", json={"text": "Hello.", "loudness": 12})
    assert (refused.status_code, refused.json()["field"]) == (422, "loudness")


def test_openais_sdk_can_send_it_under_its_own_name(louder: ApiServer) -> None:
    client = openai.OpenAI(base_url=f"{louder.url}/v1", api_key="-", max_retries=0)
    create = client.audio.transcriptions.create
    with pytest.raises(openai.InternalServerError) as waited:
        create(file=("note", NOTE), model="whisper-1", extra_body={"vendor_loudness": 7, "cache": "false"})
    assert waited.value.status_code == 504, "nobody recognises it"
    body: Any = waited.value.body
    assert stored(louder, body["task_id"])["loudness"] == 7
    with pytest.raises(openai.BadRequestError) as refused:
        create(file=("note", NOTE), model="whisper-1", extra_body={"loudness": 7})
    assert (refused.value.code, refused.value.param) == ("invalid_option", "loudness")
    assert "vendor_loudness" in refused.value.message
    with pytest.raises(openai.BadRequestError) as loud:
        client.audio.speech.create(
            input="Hi.", voice="heart", model="tts-1", extra_body={"vendor_loudness": 12}
        )
    assert loud.value.param == "vendor_loudness"


def test_the_document_describes_it(louder: ApiServer) -> None:
    paths = louder.http.get("/openapi.json").json()["paths"]

    def described(path: str, name: str) -> dict[str, Any]:
        [content] = paths[path]["post"]["requestBody"]["content"].values()
        return content["schema"]["properties"][name]

    for path in FORMS:
        name = "loudness" if path.startswith("/api") else "vendor_loudness"
        assert described(path, name) == {
            "type": "integer",
            "minimum": 1,
            "maximum": 11,
            "description": "How loud it is to be heard.",
            "example": 11,
        }
    for path in ("/api/v1/tts/submit", "/api/v1/tts/batch"):
        assert described(path, "loudness")["type"] == ["integer", "null"]
    assert described("/v1/audio/speech", "vendor_loudness")["maximum"] == 11


@pytest.mark.parametrize(("command", "help"), [("transcribe", "heard"), ("speak", "spoken")])
def test_the_command_line_has_a_flag_for_it(command: str, help: str) -> None:
    shown = voxq("-m", "voxq.cli", command, "--help")
    assert "--loudness" in shown
    assert f"How loud it is to be {help}." in shown


def test_the_flag_reaches_the_task(louder: ApiServer, tmp_path: Path) -> None:
    said = ("speak", "Hello.", "-o", str(tmp_path / "x.wav"), "--url", louder.url, "--loudness", "5")
    environ = {**os.environ, **WITH_IT}
    before = set((louder.storage / "journal").rglob("*.json"))
    process = subprocess.Popen([sys.executable, "-m", "voxq.cli", *said], env=environ, stderr=subprocess.PIPE)
    try:
        found: list[Any] = []
        while not found and process.poll() is None:
            new = set((louder.storage / "journal").rglob("*.json")) - before
            found = [record["options"]["loudness"] for record in map(_record, new) if record]
        assert found == [5]
    finally:
        process.kill()
        process.communicate()


def _record(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def test_an_operator_has_a_setting_for_it() -> None:
    code = (
        "from voxq.settings import load_settings, unknown_settings\n"
        "from voxq.core.options import operator_defaults\n"
        "from voxq.kinds.transcription import TranscriptionOptions as Options\n"
        "defaults = operator_defaults(Options, load_settings())\n"
        "print(unknown_settings({'ASR_LOUDNESS': '4'}, {}), Options().over(defaults).loudness,"
        " Options(loudness=9).over(defaults).loudness)"
    )
    os.environ["ASR_LOUDNESS"] = "4"
    try:
        assert voxq("-c", code).strip() == "[] 4 9"
    finally:
        del os.environ["ASR_LOUDNESS"]
