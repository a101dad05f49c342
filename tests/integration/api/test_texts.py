"""Texts that are rewritten, over HTTP and from the command line: from submission to deletion, with a language
model that does what it should or fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import llm_server as fake
import pytest
from api_server import ApiServer, running_api
from llm_server import MODEL, LlmServer, llm_server
from own_environment import without_settings
from worker_lab import WorkerLab

SPOKEN = "Um, so we uh we meet on March 5 at 3 pm."
CLEAN = "So we meet on March 5 at 3 pm."
CHINESE = "嗯，我们那个周三下午三点开会。"


def writes(said: str) -> str:
    """Write a clean text, a bullet of a summary, or what was said."""
    if said.startswith("["):
        return f"- {said.splitlines()[0]}"
    return {SPOKEN: CLEAN, CHINESE: "我们周三下午三点开会。"}.get(said, said)


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server(write=writes) as server:
        yield server


@pytest.fixture(scope="module")
def shared_api(
    valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("texts")
    providers = f"local={server.url}/v1|{MODEL},spare={server.url}/v1|{MODEL}"
    lab = WorkerLab(root, valkey, max_inflight=8, llm_providers=providers)
    lab.client.flushall()
    try:
        with running_api(valkey, root, LLM_PROVIDERS=providers) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.fixture
def api(shared_api: ApiServer, server: LlmServer) -> ApiServer:
    server.faults.clear()
    server.asked.clear()
    return shared_api


def end_of(api: ApiServer, kind: str, task_id: str) -> dict[str, Any]:
    return api.http.get(f"/api/v1/{kind}/result/{task_id}", params={"wait": 60}).json()


def submitted(api: ApiServer, **content: Any) -> str:
    answer = api.http.post("/api/v1/text/submit", json=content)
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def rewritten(api: ApiServer, **content: Any) -> dict[str, Any]:
    done = end_of(api, "text", submitted(api, **content))
    assert done["status"] == "done", done
    return done


@pytest.fixture(scope="module")
def transcript(shared_api: ApiServer) -> dict[str, Any]:
    return end_of(shared_api, "asr", shared_api.submitted())


def test_a_text_is_cleaned_up_by_rules_without_a_model(api: ApiServer, server: LlmServer) -> None:
    done = rewritten(api, text=SPOKEN)
    assert (done["text"], done["raw_text"], done["model"]) == (CLEAN, SPOKEN, "light")
    assert done["rewritten"]["mode"] == "light" and "provider" not in done["rewritten"]
    assert server.asked == []


@pytest.mark.parametrize("mode", ["optimize", "format", "translate", "custom", "punctuate"])
def test_a_text_is_rewritten_in_every_mode(api: ApiServer, server: LlmServer, mode: str) -> None:
    fields = {"translate": {"target": "English"}, "custom": {"prompt": "Make it short."}}.get(mode, {})
    text = SPOKEN if mode != "punctuate" else CLEAN
    done = rewritten(api, text=text, mode=mode, provider="spare", language="en", **fields)
    facts = done["rewritten"]
    assert done["text"] == CLEAN
    assert (facts["mode"], facts["model"], facts["provider"]) == (mode, MODEL, "spare")
    assert set(facts["checks"].values()) == {"ok"} and facts["seconds"] > 0
    assert "reason" not in facts


def test_the_transcript_of_a_task_is_rewritten(api: ApiServer, transcript: dict[str, Any]) -> None:
    done = rewritten(api, task_id=transcript["task_id"], mode="optimize")
    assert done["raw_text"] == transcript["text"] != ""


def test_a_summary_cites_the_times_of_a_transcript(api: ApiServer, transcript: dict[str, Any]) -> None:
    done = rewritten(api, task_id=transcript["task_id"], mode="summary")
    assert done["rewritten"]["mode"] == "summary", done["rewritten"]
    assert done["text"].startswith("- [0:0")


@pytest.mark.parametrize(
    ("content", "status", "field"),
    [
        ({}, 422, "text"),
        ({"text": "   "}, 422, "text"),
        ({"text": SPOKEN, "mode": "shout"}, 422, "mode"),
        ({"text": SPOKEN, "mode": "translate"}, 422, "target"),
        ({"text": SPOKEN, "mode": "translate", "target": "Klingon"}, 422, "target"),
        ({"text": SPOKEN, "mode": "custom"}, 422, "prompt"),
        ({"text": SPOKEN, "mode": "custom", "prompt": "x" * 4001}, 422, "prompt"),
        ({"text": SPOKEN, "mode": "optimize", "prompt": "be brief"}, 422, "prompt"),
        ({"text": SPOKEN, "stream": "perhaps"}, 422, "stream"),
        ({"text": SPOKEN, "segments": [[0.0, 1.0, "x"]]}, 422, "segments"),
        ({"text": SPOKEN, "mode": "optimize", "provider": "http://127.0.0.1:9/v1"}, 404, None),
        ({"text": SPOKEN, "mode": "optimize", "provider": MODEL}, 404, None),
        ({"task_id": "nobody"}, 404, None),
        ({"task_id": "../../etc/passwd"}, 404, None),
    ],
    ids=lambda each: str(each)[:60],
)
def test_requests_that_are_refused(
    api: ApiServer, server: LlmServer, content: dict[str, Any], status: int, field: str | None
) -> None:
    answer = api.http.post("/api/v1/text/submit", json=content)
    assert answer.status_code == status, answer.text
    assert answer.json().get("field") == field
    assert server.asked == []


def test_a_text_and_a_task_are_too_much(api: ApiServer, transcript: dict[str, Any]) -> None:
    content = {"text": SPOKEN, "task_id": transcript["task_id"]}
    assert api.http.post("/api/v1/text/submit", json=content).status_code == 422


@pytest.mark.parametrize("text", [SPOKEN, CHINESE])
def test_rules_take_the_place_of_a_model_and_the_next_request_asks_it_again(
    api: ApiServer, server: LlmServer, text: str
) -> None:
    server.faults.extend([fake.failed(500)] * 3)
    facts = rewritten(api, text=text, mode="optimize", cache=True)["rewritten"]
    assert (facts["mode"], facts["reason_code"], facts["provider"]) == ("light", "llm_failed", "local")
    assert "local" in facts["reason"] and server.url not in json.dumps(facts)
    again = rewritten(api, text=text, mode="optimize", cache=True)
    assert (again["text"], again["rewritten"]["mode"]) == (writes(text), "optimize")


def test_another_mode_fails_and_can_be_retried(api: ApiServer, server: LlmServer) -> None:
    server.faults.append(fake.failed(401))
    failed = end_of(api, "text", submitted(api, text=CLEAN, mode="punctuate"))
    assert (failed["status"], failed["code"]) == ("failed", "llm_key_refused")
    assert len(server.chats) == 1, "another try would not help"
    assert api.http.post(failed["retry_url"]).status_code == 200
    assert end_of(api, "text", failed["task_id"])["text"] == CLEAN


def test_texts_are_in_the_history_and_go_with_their_deletion(api: ApiServer) -> None:
    done = rewritten(api, text=SPOKEN, mode="optimize")
    records = api.http.get("/api/v1/text/history").json()["records"]
    assert done["task_id"] in [record["task_id"] for record in records]
    path = f"/api/v1/text/result/{done['task_id']}"
    assert api.http.delete(f"/api/v1/text/task/{done['task_id']}").status_code == 200
    assert api.http.get(path).status_code == 404
    records = api.http.get("/api/v1/text/history").json()["records"]
    assert done["task_id"] not in [record["task_id"] for record in records]


def run(api: ApiServer, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voxq.cli", "rewrite", *arguments, "--url", api.url]
    return subprocess.run(
        command, input=stdin, env=without_settings(), capture_output=True, text=True, timeout=120
    )


def test_the_command_rewrites_a_text_and_says_where_it_did_not(api: ApiServer, server: LlmServer) -> None:
    done = run(api, SPOKEN, "--mode", "optimize")
    assert (done.returncode, done.stdout) == (0, f"{CLEAN}\n"), done.stderr
    server.faults.extend([fake.failed(500)] * 3)
    by_rules = run(api, "-", "-m", "format", stdin=SPOKEN)
    assert (by_rules.returncode, by_rules.stdout) == (0, f"{CLEAN}\n"), by_rules.stderr
    assert "The provider local failed" in by_rules.stderr


def test_the_command_rewrites_the_transcript_of_a_task(api: ApiServer, transcript: dict[str, Any]) -> None:
    done = run(api, "--task", transcript["task_id"], "--mode", "optimize", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["raw_text"] == transcript["text"]
    nobody = run(api, "--task", "nobody")
    assert nobody.returncode == 1 and "Traceback" not in nobody.stderr


def test_nothing_of_a_text_or_a_key_is_in_the_logs(api: ApiServer) -> None:
    text = "The secret word is xylophone."
    rewritten(api, text=text, mode="punctuate")
    assert "xylophone" not in api.log()
