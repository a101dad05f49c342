"""Unknown fields are refused in every form and body, with the list of known ones; OpenAI's own are
accepted."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from api_server import NOTE, ApiServer
from openai import OpenAI

NATIVE = {
    "/api/v1/tts/submit": {"text": "Hello."},
    "/api/v1/tts/batch": {"texts": ["Hello."]},
}


@pytest.fixture
def client(api: ApiServer) -> OpenAI:
    return OpenAI(base_url=f"{api.url}/v1", api_key="-", max_retries=0)


@pytest.mark.parametrize("path", NATIVE)
@pytest.mark.parametrize("value", [None, 1, "x", {"text": "x"}])
def test_a_json_body_with_an_unknown_field_is_refused(api: ApiServer, path: str, value: Any) -> None:
    answer = api.http.post(path, json={**NATIVE[path], "emotion": value})
    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (422, "invalid_option", "emotion")
    assert {"voice", "speed", "format", "priority", "callback"} <= set(body["fields"])
    assert "There is no field emotion; there are: " in body["error"]


def test_fields_of_a_single_text_and_of_a_batch_are_checked_separately(api: ApiServer) -> None:
    one = api.http.post("/api/v1/tts/submit", json={"text": "Hello.", "texts": ["Hello."]}).json()
    many = api.http.post("/api/v1/tts/batch", json={"texts": ["Hello."], "cache": True}).json()
    assert (one["field"], many["field"]) == ("texts", "cache")
    assert ("cache" in one["fields"], "texts" in many["fields"]) == (True, True)
    assert api.http.post("/api/v1/tts/batch", json={"texts": ["Hello.", "Goodbye."]}).json()["total"] == 2


def test_a_field_that_a_service_sets_itself_is_unknown(api: ApiServer) -> None:
    answer = api.submit(translate="true")
    assert (answer.status_code, answer.json()["field"]) == (422, "translate")


@pytest.mark.parametrize("name", ["words", "speaker", "timestamps", "callback", "audio[]", "hotwords[]"])
@pytest.mark.parametrize("route", ["transcriptions", "translations"])
def test_unknown_fields_are_refused_in_openais_error_format(client: OpenAI, route: str, name: str) -> None:
    create = getattr(client.audio, route).create
    with pytest.raises(openai.BadRequestError) as refused:
        create(file=("note", NOTE), model="whisper-1", extra_body={name: "x"})
    assert (refused.value.code, refused.value.param) == ("invalid_option", name)
    assert refused.value.type == "invalid_request_error"
    for there in ("hotwords", "use_vad", "priority", "response_format"):
        assert there in refused.value.message


@pytest.mark.parametrize("name", ["text", "format", "callback", "emotion"])
def test_speech_refuses_unknown_fields(client: OpenAI, name: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(input="Hi.", voice="heart", model="tts-1", extra_body={name: "x"})
    assert (refused.value.code, refused.value.param) == ("invalid_option", name)
    assert "response_format" in refused.value.message


def test_openais_fields_without_effect_are_accepted_and_documented(api: ApiServer) -> None:
    fields = {
        "temperature": "0.5",
        "include[]": "logprobs",
        "chunking_strategy": "auto",
        "model": "no-such-model",
    }
    answer = api.http.post("/v1/audio/transcriptions", files={"file": ("note", NOTE)}, data=fields)
    assert answer.json()["error"]["code"] == "model_not_found", "it was read as far as that"
    paths = api.http.get("/openapi.json").json()["paths"]
    for path, names in {
        "/v1/audio/transcriptions": ("temperature", "include[]", "chunking_strategy"),
        "/v1/audio/speech": ("instructions",),
    }.items():
        [content] = paths[path]["post"]["requestBody"]["content"].values()
        assert "unknown fields are refused" in content["schema"]["description"]
        for name in names:
            assert "no effect" in content["schema"]["properties"][name]["description"]


def test_azures_query_parameter_is_ignored(api: ApiServer) -> None:
    assert api.http.get("/v1/models", params={"api-version": "2024-10-21"}).status_code == 200
    assert api.http.get("/v1/models", params={"limit": "3"}).status_code == 400


def test_a_slash_at_the_end_lists_the_models_and_so_does_their_head(api: ApiServer) -> None:
    """A base URL with a slash too many got the default model in place of the list."""
    listed = api.http.get("/v1/models")
    assert api.http.get("/v1/models/").json() == listed.json()
    head = api.http.head("/v1/models")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == listed.headers["content-length"]


def test_blank_parameters_and_capitals_are_no_reason_to_refuse_a_film(api: ApiServer) -> None:
    """Clients of /asr send every parameter that they know; the refusal of the next one shows how far it is
    read."""
    blanks = {
        "task": "Transcribe",
        "output": "SRT",
        "min_speakers": "",
        "max_speakers": " ",
        "language": "und",
    }
    refused = api.http.post("/asr", params={**blanks, "diarize": "true"}, files={"audio_file": b"x"})
    assert (refused.status_code, refused.json()["field"]) == (422, "diarize")
