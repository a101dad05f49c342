"""Events of a text that is rewritten passage by passage: what is finished can be read while the rest is
still with the language model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_server import ApiServer, running_api
from event_stream import event_stream
from llm_server import MODEL, LlmServer, llm_server
from worker_lab import WorkerLab

LONG = " ".join(f"Sentence number {number} of this text is neither short nor long." for number in range(500))
CHINESE = "".join(f"第{number}句话，说的是今天的天气。" for number in range(500))


def writes(said: str) -> str:
    return said.replace("nor long.", "nor long!").replace("，", "；")


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server(write=writes, context=32_768, seconds=0.4) as server:
        yield server


@pytest.fixture(scope="module")
def api(valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("text-events")
    settings = {"llm_providers": f"local={server.url}/v1|{MODEL}", "llm_calls": "1"}
    lab = WorkerLab(root, valkey, **settings)
    lab.client.flushall()
    try:
        with running_api(valkey, root, LLM_PROVIDERS=settings["llm_providers"]) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.mark.parametrize("text", [LONG, CHINESE], ids=["english", "chinese"])
def test_the_text_grows_with_its_passages(api: ApiServer, text: str) -> None:
    answer = api.http.post("/api/v1/text/submit", json={"text": text, "mode": "punctuate"})
    assert answer.status_code == 200, answer.text
    with event_stream(f"{api.url}/api/v1/text/events/{answer.json()['task_id']}") as stream:
        events = list(stream)
    assert (events[-1].name, events[-1].data["text"]) == ("done", writes(text))
    partial = [event.data["text"] for event in events if event.data.get("text") and event.name == "progress"]
    assert len(set(partial)) > 1
    assert partial == sorted(partial, key=len)
    assert all(writes(text).startswith(each) for each in partial), "whole passages from the beginning"
    progress = [event.data["progress"] for event in events if event.name == "progress"]
    assert progress == sorted(progress)


def test_what_is_being_written_is_shown_as_a_draft(api: ApiServer, server: LlmServer) -> None:
    text = " ".join(f"Sentence number {number} is neither short nor long." for number in range(40))
    server.pause = 0.02
    try:
        asked = {"text": text, "mode": "punctuate", "stream": True}
        task_id = api.http.post("/api/v1/text/submit", json=asked).json()["task_id"]
        with event_stream(f"{api.url}/api/v1/text/events/{task_id}") as stream:
            events = list(stream)
    finally:
        server.pause = 0.0
    assert (events[-1].name, events[-1].data["text"]) == ("done", writes(text))
    assert "draft" not in events[-1].data
    drafts = [event.data["draft"] for event in events if event.data.get("draft")]
    assert drafts == sorted(drafts, key=len) and drafts[0] != drafts[-1]
    assert all(writes(text).startswith(draft) for draft in drafts)
    assert all(event.data["text"] == "" for event in events if event.name == "progress"), "nothing is checked"
    progress = [event.data["progress"] for event in events if event.name == "progress"]
    assert progress == sorted(progress) and progress[-1] > 10


def test_without_the_wish_no_draft_is_shown(api: ApiServer, server: LlmServer) -> None:
    text = " ".join(f"Line number {number} is neither short nor long." for number in range(40))
    server.pause = 0.02
    try:
        task_id = api.http.post("/api/v1/text/submit", json={"text": text, "mode": "punctuate"}).json()[
            "task_id"
        ]
        with event_stream(f"{api.url}/api/v1/text/events/{task_id}") as stream:
            assert not any("draft" in event.data for event in stream)
    finally:
        server.pause = 0.0
