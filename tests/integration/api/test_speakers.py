"""Speakers of a real recording over HTTP: results, formats, and the OpenAI SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest
from api_server import NOTE, ApiServer, running_api
from audio import english
from worker_lab import WorkerLab

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.decode import decode_blocks
from voxq.speech.encode import encode


@pytest.fixture(scope="module")
def api(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("speakers")
    lab = WorkerLab(root, valkey, asr_engine="faster-whisper", asr_model="whisper-base")
    lab.client.flushall()
    try:
        with running_api(valkey, root) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording of two voices, one after the other, twice."""
    note = tmp_path_factory.mktemp("note") / "note"
    note.write_bytes(NOTE)
    one = english("I think we should start with the budget before we look at anything else.")
    other = np.concatenate(list(decode_blocks(Path(note), 60.0)))[: 6 * SAMPLE_RATE]
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    return encode(np.concatenate([one, pause, other] * 2), SAMPLE_RATE, "flac")


def test_speakers_are_in_the_result_and_in_every_format(api: ApiServer, conversation: bytes) -> None:
    task_id = api.submitted(conversation, speakers="true")
    done = api.http.get(f"/api/v1/asr/result/{task_id}", params={"wait": "60"}).json()
    assert done["status"] == "done", done
    assert done["speakers"] == ["S1", "S2"], done
    turns = [each["speaker"] for each in done["segments"]]
    assert turns[0] == "S1" and turns[-1] == "S2" and set(turns) == {"S1", "S2"}
    url = f"/api/v1/asr/result/{task_id}"
    rendered = {
        each: api.http.get(url, params={"format": each}).text for each in ("srt", "vtt", "text", "rttm")
    }
    assert "\nS1: " in rendered["srt"] and "<v S2>" in rendered["vtt"] and rendered["text"].startswith("S1: ")
    assert all(line.split()[0] == "SPEAKER" for line in rendered["rttm"].splitlines())


def test_speakers_are_named_and_merged_afterwards(api: ApiServer, conversation: bytes) -> None:
    task_id = api.submitted(conversation, speakers="2")
    url = f"/api/v1/asr/result/{task_id}"
    before = api.http.get(url, params={"wait": "60"}).json()
    named = api.http.patch(f"{url}/speakers", json={"speakers": {"S1": "Ann <b>", "S2": "Bob"}})
    assert named.status_code == 200, named.text
    assert named.json()["speakers"] == ["Ann <b>", "Bob"]
    assert "<v Ann &lt;b&gt;>" in api.http.get(url, params={"format": "vtt"}).text
    merged = api.http.patch(f"{url}/speakers", json={"speakers": {"Bob": "Ann <b>"}}).json()
    assert (merged["speakers"], merged["text"]) == (["Ann <b>"], before["text"])
    refused = api.http.patch(f"{url}/speakers", json={"speakers": {"S1": "Eve"}})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_speaker")
    for body in ({}, {"speakers": {}}, {"speakers": {"Ann <b>": "\n"}}, {"speakers": {"Ann <b>": "x" * 101}}):
        assert api.http.patch(f"{url}/speakers", json=body).status_code == 422, body


def test_the_sdk_reads_diarized_json(api: ApiServer, conversation: bytes) -> None:
    client = openai.OpenAI(base_url=str(api.http.base_url.join("/v1")), api_key="none")
    answer = client.audio.transcriptions.create(
        model="whisper-1", file=("talk.flac", conversation), response_format="diarized_json"
    )
    assert {each.speaker for each in answer.segments} == {"S1", "S2"}
    assert answer.duration == pytest.approx(answer.segments[-1].end, abs=2.0)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"speakers": "9"}, "speakers"),
        ({"speakers": "true", "channels": "separate"}, "speakers"),
        ({"min_speakers": "2"}, "min_speakers"),
        ({"speakers": "true", "min_speakers": "3", "max_speakers": "2"}, "min_speakers"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(
    api: ApiServer, fields: dict[str, str], field: str
) -> None:
    refused = api.http.post("/api/v1/asr/submit", data=fields, files={"audio": b"x"})
    assert (refused.status_code, refused.json()["field"]) == (422, field)
