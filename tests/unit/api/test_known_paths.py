"""Hints for base URLs that are wrong, as clients of OpenAI's API have them in public reports."""

import pytest
from fastapi.testclient import TestClient

from voxq.api.app import create_app

TRANSCRIPTIONS = "/v1/audio/transcriptions"


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(), base_url="http://localhost", follow_redirects=False)


@pytest.mark.parametrize(
    "path",
    [
        "/audio/transcriptions",
        "//v1/audio/transcriptions",
        "/v1/audio/transcriptions/",
        "/v1/v1/audio/transcriptions",
        "/v1/audio/transcriptions/audio/transcriptions",
        "/openai/deployments/whisper/audio/transcriptions",
    ],
)
def test_the_404_of_a_wrong_base_url_names_the_right_path(client: TestClient, path: str) -> None:
    answer = client.post(f"http://localhost{path}")
    assert answer.status_code == 404
    assert f"; {TRANSCRIPTIONS} may be meant" in answer.text


@pytest.mark.parametrize(
    ("path", "told"),
    [("/v1/tts/submit/", "/api/v1/tts/submit"), ("/v1/asr/submit", "/api/v1/asr/submit"), ("/asr/", "/asr")],
)
def test_the_404_of_other_paths_does_so_too(client: TestClient, path: str, told: str) -> None:
    assert f"; {told} may be meant" in client.post(path).text


@pytest.mark.parametrize("path", ["/nowhere", "/a/b", "/v1", "/models", "/wp-login.php", "/{kind}/submit"])
def test_an_unlike_path_gets_no_hint(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "may be meant" not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc"])
def test_monitors_may_ask_for_the_head_of_a_page(client: TestClient, path: str) -> None:
    page, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (page.status_code, b"")
    assert head.headers["content-length"] == page.headers["content-length"]
