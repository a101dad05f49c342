"""The language of error messages follows the request; codes and fields never change."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from voxq.api.app import create_app
from voxq.api.callers.access import Access
from voxq.settings import Settings

APP = create_app()
SETTINGS = Settings(api_keys="me:a-long-enough-key")
APP.state.service = SimpleNamespace(access=Access.of(SETTINGS), settings=SETTINGS)


async def asked(path: str, language: str | None, **query: str) -> httpx.Response:
    headers = {"Accept-Language": language} if language is not None else {}
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://voxq") as http:
        return await http.get(path, params=query, headers=headers)


@pytest.mark.parametrize(
    ("language", "said", "tag"),
    [
        (None, "Send one of this service's keys as 'Authorization: Bearer KEY'", "en"),
        ("en-US,en;q=0.9,zh;q=0.1", "Send one of this service's keys as 'Authorization: Bearer KEY'", "en"),
        ("zh-CN,zh;q=0.9", "请以 'Authorization: Bearer KEY' 的形式提供本服务的密钥", "zh"),
        ("fr", "Send one of this service's keys as 'Authorization: Bearer KEY'", "en"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/asr/history", "/v1/models"])
async def test_a_message_is_in_the_language_of_the_request(
    path: str, language: str | None, said: str, tag: str
) -> None:
    answer = await asked(path, language)
    body: dict[str, Any] = answer.json()
    error = body["error"] if path.startswith("/v1/") else {"message": body["error"], "code": body["code"]}
    assert answer.status_code == 401
    assert error["message"] == said
    assert error["code"] == ("invalid_api_key" if path.startswith("/v1/") else "unauthorized")
    assert answer.headers["Content-Language"] == tag
    assert "Accept-Language" in answer.headers["Vary"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_an_unknown_path_is_refused_in_chinese() -> None:
    answer = await asked("/nothing", "zh")
    assert answer.status_code == 404
    assert answer.json() == {"error": "该路径不存在；全部路径见 /docs", "code": "not_found"}


async def test_one_request_does_not_decide_for_the_next() -> None:
    assert (await asked("/nothing", "zh")).headers["Content-Language"] == "zh"
    assert (await asked("/nothing", None)).headers["Content-Language"] == "en"
