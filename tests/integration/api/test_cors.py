"""Responses that a page of another origin may read: none, or those that CORS_ORIGINS allows, errors
included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_server import ApiServer, running_api
from fastapi.testclient import TestClient
from own_port import own_port

from voxq.api.app import create_app
from voxq.settings import load_settings

PAGE, OTHER = "https://app.example.org", "https://evil.example"
KEY = {"Authorization": "Bearer annas-secret-key"}


@pytest.fixture(scope="module")
def lenient_api(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    settings = {
        "API_KEYS": "anna:annas-secret-key",
        "CORS_ORIGINS": f"{PAGE},http://localhost:5173",
        "MAX_UPLOAD_MB": "1",
    }
    with running_api(valkey, tmp_path_factory.mktemp("cors"), **settings) as server:
        yield server


def preflight(api: ApiServer, origin: str, method: str = "POST") -> httpx.Response:
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,idempotency-key,x-stainless-lang",
    }
    return api.http.options("/v1/audio/speech", headers={"Origin": origin} | asked)


def test_a_preflight_needs_no_key(lenient_api: ApiServer) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = preflight(lenient_api, PAGE, method)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
        assert method in answer.headers["access-control-allow-methods"]
        assert "idempotency-key" in answer.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in answer.headers
    refused = preflight(lenient_api, OTHER)
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/asr/queue/status", KEY, 200),
        ("GET", "/api/v1/asr/queue/status", {}, 401),
        ("GET", "/v1/models", {}, 401),
        ("GET", "/v1/nothing", {}, 404),
        ("PUT", "/v1/audio/speech", KEY, 405),
        ("POST", "/api/v1/asr/submit", KEY | {"Content-Type": "multipart/form-data; boundary=x"}, 413),
        ("GET", "/api/v1/asr/history?limit=x", KEY, 422),
    ],
)
def test_an_allowed_page_can_read_every_response(
    lenient_api: ApiServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    content = bytes(6 << 20) if status == 413 else b""
    answer = lenient_api.http.request(method, path, content=content, headers=headers | {"Origin": PAGE})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "origin" in answer.headers["vary"].lower()
    shown = answer.headers["access-control-expose-headers"].lower()
    assert {"retry-after", "x-request-id", "content-range", "content-disposition"} <= set(shown.split(", "))
    assert answer.headers["x-content-type-options"] == "nosniff"

    other = lenient_api.http.request(method, path, content=content, headers=headers | {"Origin": OTHER})
    assert other.status_code == status
    assert "access-control-allow-origin" not in other.headers


def test_an_allowed_page_can_read_error_responses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    redis_url = f"redis://127.0.0.1:{own_port()}/0"
    app = create_app(load_settings(storage_path=tmp_path, redis_url=redis_url, cors_origins="*"))

    @app.get("/surprise")
    async def surprise() -> None:
        raise RuntimeError

    with TestClient(app, base_url="http://localhost", headers={"Origin": OTHER}) as http:
        answers = {path: http.get(path) for path in ("/api/v1/asr/history", "/surprise")}
    assert [answer.status_code for answer in answers.values()] == [503, 500]
    for answer in answers.values():
        assert answer.json()["code"] in ("unavailable", "internal")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-credentials" not in answer.headers


def test_by_default_no_page_can_read_a_response(api: ApiServer) -> None:
    for answer in (
        api.http.get("/api/v1/asr/history", headers={"Origin": PAGE}),
        preflight(api, PAGE),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "origin" not in answer.headers.get("vary", "").lower()
