"""Voices without a worker: the installed ones are listed, and invalid requests are refused at once."""

from __future__ import annotations

import pytest
from api_server import ApiServer
from task_lab import Lab

VOICES = "/api/v1/tts/voices"


def test_without_workers_the_installed_voices_are_listed(api: ApiServer) -> None:
    first = api.http.get(VOICES).json()["voices"][0]
    assert (first["name"], first["model"], first["sample"]) == ("heart", "hibari", f"{VOICES}/heart/sample")


def test_voices_and_models_are_also_listed_under_openais_paths(api: ApiServer) -> None:
    voices = api.http.get("/v1/audio/voices").json()["voices"]
    assert [voice["id"] for voice in voices] == [v["name"] for v in api.http.get(VOICES).json()["voices"]]
    models = api.http.get("/v1/audio/models").json()["models"]
    assert [model["id"] for model in models] == list(dict.fromkeys(voice["model"] for voice in voices))


def samples_of(api: ApiServer) -> set[str]:
    """Names of the samples, which other tests of this service may have asked for."""
    directory = api.storage / "samples"
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


@pytest.mark.parametrize("name", ["nobody", "hibari-heart.mp3", "..%2f..%2fsecret", "%00", "a" * 300, "🙂"])
def test_unknown_voices_have_no_sample(api: ApiServer, name: str) -> None:
    before = samples_of(api)
    answer = api.http.get(f"{VOICES}/{name}/sample")
    assert answer.status_code == 404
    assert samples_of(api) == before


def test_a_page_of_another_origin_cannot_request_a_sample(api: ApiServer, lab: Lab) -> None:
    before = lab.journal.open_ids()
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = api.http.get(f"{VOICES}/heart/sample", headers=foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert lab.journal.open_ids() == before
