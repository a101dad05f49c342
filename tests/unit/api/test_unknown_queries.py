"""Refusal of unknown query parameters on every route, with a list of the known ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from voxq.api.app import create_app
from voxq.api.callers.access import Access
from voxq.settings import Settings

APP = create_app()
APP.state.service = SimpleNamespace(access=Access({}, frozenset()), settings=Settings(allow_anonymous=True))
"""Nothing but what authentication asks: no keys are set."""
ROUTES = [
    pytest.param(method.upper(), path, [each["name"] for each in operation.get("parameters", ())], id=path)
    for path, operations in APP.openapi()["paths"].items()
    for method, operation in operations.items()
    if path.startswith(("/api/", "/v1/"))
]
WITH_PARAMETERS = {
    "/history": {"limit", "status"},
    "/result/{task_id}": {"wait", "format", "text"},
    "/audio/{task_id}": {"stream"},
}


async def asked(method: str, path: str, **query: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://voxq") as http:
        return await http.request(method, path, params=query)


@pytest.mark.parametrize(("method", "path", "names"), ROUTES)
async def test_an_unknown_parameter_is_refused(method: str, path: str, names: list[str]) -> None:
    answer = await asked(method, path.replace("{", "").replace("}", ""), foo="1")
    body: dict[str, Any] = answer.json()
    if path.startswith("/v1/"):
        assert answer.status_code == 400
        assert (body["error"]["code"], body["error"]["param"]) == ("invalid_option", "foo")
        return
    assert answer.status_code == 422
    assert (body["code"], body["field"]) == ("invalid_option", "foo")
    assert set(body["fields"]) <= set(names)
    for place, there in WITH_PARAMETERS.items():
        assert not path.endswith(place) or set(body["fields"]) == there


async def test_its_name_is_repeated_without_control_characters() -> None:
    answer = await asked("GET", "/api/v1/asr/history", **{"\x1b[31m" + "x" * 500: "1"})
    assert answer.json()["field"].startswith(r"\x1b[31mxxx")
    assert len(answer.json()["error"]) < 200


def test_every_native_route_documents_the_refusal() -> None:
    for path, operations in APP.openapi()["paths"].items():
        if path.startswith("/api/"):
            assert all("422" in operation["responses"] for operation in operations.values()), path
