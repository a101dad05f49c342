"""Every route without a key, with an invalid one, and with another owner's."""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from api_server import tone
from attacked import KEYS, OPEN, Attacked, end_of
from fastapi.routing import APIRoute, APIRouter

import voxq.api
from voxq.api.app import create_app
from voxq.core.task import new_task_id
from voxq.settings import Settings

HIDDEN = {("GET", "/health"), ("HEAD", "/health"), ("HEAD", "/livez")} | {
    ("HEAD", f"/api/v1/{kind}/audio/{{task_id}}") for kind in ("asr", "tts")
}
"""Routes that are not in the OpenAPI document."""

WRONG = {
    "none": {},
    "wrong": {"Authorization": "Bearer wrong"},
    "empty": {"Authorization": "Bearer"},
    "cut": {"Authorization": f"Bearer {KEYS['anna'][:-1]}"},
    "longer": {"Authorization": f"Bearer {KEYS['anna']}x"},
    "two": {"Authorization": f"Bearer {KEYS['anna']} {KEYS['ben']}"},
    "the name": {"Authorization": "Bearer anna"},
    "the setting": {"Authorization": f"Bearer anna:{KEYS['anna']}"},
    "basic": {"Authorization": f"Basic {KEYS['anna']}"},
    "elsewhere": {"X-API-Key": KEYS["anna"], "Cookie": f"Authorization=Bearer {KEYS['anna']}"},
    "control": {b"Authorization": b"Bearer \xff\xfe" + KEYS["anna"].encode()},
}


def _operations() -> list[tuple[str, str]]:
    paths = create_app().openapi()["paths"]
    told = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [*told, *sorted(HIDDEN)]


OPERATIONS = _operations()
OF_A_TASK = [(method, path) for method, path in OPERATIONS if "{task_id}" in path]


def test_these_tests_cover_every_route() -> None:
    routes = [
        route
        for module in pkgutil.walk_packages(voxq.api.__path__, f"{voxq.api.__name__}.")
        if isinstance(router := getattr(importlib.import_module(module.name), "router", None), APIRouter)
        for route in router.routes
        if isinstance(route, APIRoute)
    ]
    for route in routes:
        for method in route.methods - {"HEAD"}:  # it is answered as GET is
            known = [path for each, path in OPERATIONS if each == method]
            assert any(path.endswith(route.path_format.rstrip("/")) for path in known), (method, route.path)
    assert len(OPERATIONS) >= 24
    assert len(OF_A_TASK) >= 10


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_is_done_without_a_key(service: Attacked, method: str, path: str) -> None:
    place = re.sub(r"\{\w+\}", "abc123abc123", path)
    for name, headers in WRONG.items():
        answer = service.api.http.request(method, place, headers=headers)
        if path in OPEN:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, (name, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert not any(key in answer.text for key in KEYS.values())
        if method == "HEAD":  # the same without its body
            continue
        told = answer.json()
        code = told["error"]["code"] if path.startswith("/v1/") else told["code"]
        assert code in ("unauthorized", "invalid_api_key")


@pytest.mark.parametrize(("method", "path"), OF_A_TASK)
def test_another_owners_task_looks_like_a_missing_one(
    service: Attacked,
    anna: httpx.Client,
    ben: httpx.Client,
    recording: str,
    speech: str,
    method: str,
    path: str,
) -> None:
    kind = "tts" if "/tts/" in path else "asr"
    hers = speech if kind == "tts" else recording
    unknown = new_task_id(1_764_547_200.0, 1)
    for real, other in ((hers, unknown), (_short(hers), _short(unknown))):
        for query in ({}, {"stream": "true"}, {"wait": "0.1", "format": "text"}):
            answers = [
                _told(ben.request(method, path.format(task_id=each), params=query), each)
                for each in (real, other)
            ]
            assert answers[0] == answers[1]
            # Some of these routes do not know these parameters, and say so whoever owns the task.
            assert answers[0][0] == 404 or (query and answers[0][0] == 422)
    assert anna.get(f"/api/v1/{kind}/result/{hers}").json()["status"] == "done", "it is as it was"
    assert anna.get(f"/api/v1/{kind}/audio/{hers}").status_code == 200


@pytest.mark.parametrize("kind", ["asr", "tts"])
def test_redis_gets_the_same_commands_for_foreign_and_missing_tasks(
    service: Attacked, ben: httpx.Client, recording: str, speech: str, kind: str
) -> None:
    """Timing a 404 reveals nothing to a client. Commands are counted, because timings are unstable."""
    unknown = new_task_id(1_764_547_200.0, 1)
    hers = speech if kind == "tts" else recording
    asked = [_asked(service, ben, f"/api/v1/{kind}/result/{each}", each) for each in (hers, unknown)]
    assert asked[0] == asked[1]
    assert asked[0], "else nothing was shown"


def test_no_owner_gets_cached_results_of_another(anna: httpx.Client, ben: httpx.Client) -> None:
    """History, the cache and Idempotency-Keys, each with the same bytes and options from both owners."""
    audio, key = tone(2), {"Idempotency-Key": "the-same"}
    asked: dict[str, Any] = {"files": {"audio": ("x", audio)}, "data": {"cache": "true"}}
    first = anna.post("/api/v1/asr/submit", **asked, headers=key).json()["task_id"]
    assert end_of(anna, "asr", first) == "done"
    assert anna.post("/api/v1/asr/submit", **asked).headers["x-voxq-cache"] == "hit"
    again = ben.post("/api/v1/asr/submit", files={"audio": ("x", audio)}, headers=key)
    cached = ben.post("/api/v1/asr/submit", **asked)
    assert first not in (again.json()["task_id"], cached.json()["task_id"])
    assert cached.headers["x-voxq-cache"] == "miss"
    text = {"text": "The same.", "model": "hibari"}
    first = anna.post("/api/v1/tts/submit", json=text | {"cache": True}, headers=key).json()["task_id"]
    assert end_of(anna, "tts", first) == "done"
    assert anna.post("/api/v1/tts/submit", json=text | {"cache": True}).headers["x-voxq-cache"] == "hit"
    again = ben.post("/api/v1/tts/submit", json=text, headers=key)
    cached = ben.post("/api/v1/tts/submit", json=text | {"cache": True})
    assert first not in (again.json()["task_id"], cached.json()["task_id"])
    assert cached.headers["x-voxq-cache"] == "miss"
    how = [
        client.post("/v1/audio/transcriptions", files={"file": ("x", audio)}).headers["x-voxq-cache"]
        for client in (anna, anna, ben, ben)
    ]
    assert how[1] == how[3] == "hit"
    assert how[2] != "joined"
    for kind in ("asr", "tts"):
        mine = {each["task_id"] for each in ben.get(f"/api/v1/{kind}/history?limit=100").json()["records"]}
        hers = {each["task_id"] for each in anna.get(f"/api/v1/{kind}/history?limit=100").json()["records"]}
        assert not mine & hers


def test_keys_are_never_disclosed(service: Attacked, anna: httpx.Client) -> None:
    """Keys appear neither in the logs nor in the process list, printed settings or metrics."""
    anna.get("/api/v1/asr/history", headers={"X-Echo": KEYS["anna"]})
    told = [
        service.logs(),
        anna.get("/metrics").text,
        anna.get("/api/v1/stats").text,
        " ".join(" ".join(process.cmdline()) for process in _processes(service)),
        repr(Settings(api_keys="anna:a-secret-key", redis_url="redis://:a-password@h.example/0")),
    ]
    secrets = [*KEYS.values(), "a-secret-key", "a-password"]
    assert not [secret for text in told for secret in secrets if secret in text]


def _short(task_id: str) -> str:
    return task_id.rpartition("_")[2]


def _told(answer: httpx.Response, task_id: str) -> tuple[int, str, dict[str, str]]:
    """Return the contents of a response except for the id and other values that always differ."""
    headers = {name: text for name, text in answer.headers.items() if name not in ("date", "x-request-id")}
    body = answer.text.replace(task_id, "ID")
    headers["content-length"] = str(len(body))
    return answer.status_code, body, headers


def _asked(service: Attacked, client: httpx.Client, path: str, task_id: str) -> list[str]:
    """Return the API's commands for this request, with the task's id removed."""
    mark = uuid4().hex
    with service.lab.client.monitor() as monitor:
        client.get(path)
        service.lab.client.echo(mark)
        commands = _until(mark, monitor)
    connections = psutil.Process(service.api.process.pid).net_connections()
    ports = {str(connection.laddr.port) for connection in connections if connection.laddr}
    ours = [each["command"] for each in commands if each["client_port"] in ports]
    return [_without(task_id, command) for command in ours if task_id in command]


def _until(mark: str, monitor: Any) -> list[dict[str, str]]:
    commands = []
    while mark not in (command := monitor.next_command())["command"]:
        commands.append(command)
    return commands


def _without(task_id: str, command: str) -> str:
    timeless = re.sub(r"\d{10}\.\d+", "NOW", command)
    return timeless.replace(task_id, "ID").replace(_short(task_id), "ID")


def _processes(service: Attacked) -> list[psutil.Process]:
    parents = [psutil.Process(pid) for pid in (service.api.process.pid, service.lab.workers[0].pid)]
    return [process for parent in parents for process in (parent, *parent.children(recursive=True))]
