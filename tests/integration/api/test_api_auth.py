"""Rights of an admin key, owners in the log, and refusal of foreign web pages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
from api_server import ApiServer, running_api, tone
from own_environment import without_settings
from task_lab import Lab, done, failed
from worker_lab import wait_for

ANNA, BEN, ADMIN = "annas-secret-key", "bens-secret-key", "the-operators-key"
HISTORY = "/api/v1/asr/history"


@pytest.fixture(scope="module")
def keyed_api(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    keys = {"API_KEYS": f"anna:{ANNA},ben:{BEN}", "ADMIN_KEYS": f"me:{ADMIN}"}
    with running_api(valkey, tmp_path_factory.mktemp("admin"), **keys) as server:
        yield server


@pytest.fixture
def api(keyed_api: ApiServer, redis_url: str) -> ApiServer:
    return keyed_api


@pytest.fixture
def lab(api: ApiServer, client: redis.Redis) -> Lab:
    return api.lab(client)


def bearer(key: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} | more


def submit(api: ApiServer, key: str, **headers: str) -> str:
    files = {"audio": ("note", tone(1))}
    answer = api.http.post("/api/v1/asr/submit", files=files, headers=bearer(key, **headers))
    assert answer.status_code == 200, answer.text
    return answer.json()["task_id"]


def end(lab: Lab, task_id: str, *, well: bool = True) -> None:
    task = lab.journal.open_task(task_id)
    assert task is not None
    lab.ending.end(task, done() if well else failed())


@pytest.mark.parametrize(
    ("keys", "said"),
    [({"API_KEYS": f"ben:{BEN}"}, ""), ({"API_KEYS": "eve:wrong-wrong"}, "ADMIN_KEYS or API_KEYS")],
)
def test_the_command_line_says_where_its_key_comes_from(
    api: ApiServer, keys: dict[str, str], said: str
) -> None:
    command = [sys.executable, "-m", "voxq.cli", "history", "--url", api.url]
    environ = without_settings() | keys
    run = subprocess.run(command, cwd=api.storage, env=environ, capture_output=True, text=True, timeout=120)
    assert (run.returncode == 0) is (not said), run.stderr
    assert said in run.stderr


def test_an_admin_sees_and_changes_tasks_of_all_owners(api: ApiServer, lab: Lab) -> None:
    task_id = submit(api, ANNA)
    base, key = "/api/v1/asr", bearer(ADMIN)
    assert api.http.get(f"{base}/result/{task_id}", headers=key).json()["status"] == "queued"
    assert api.http.get(f"{base}/audio/{task_id}", headers=key).content == tone(1)
    end(lab, task_id, well=False)
    with api.http.stream("GET", f"{base}/events/{task_id}", headers=key) as stream:
        assert "event: failed" in stream.read().decode()
    assert api.http.post(f"{base}/retry/{task_id}", headers=bearer(BEN)).status_code == 404
    assert api.http.post(f"{base}/retry/{task_id}", headers=key).json()["status"] == "queued"
    assert api.http.delete(f"{base}/task/{task_id}", headers=key).json()["status"] == "cancelled"
    assert api.http.get(f"{base}/result/{task_id}", headers=bearer(ANNA)).json()["status"] == "cancelled"


@pytest.mark.parametrize("query", ["", "?status=failed"])
def test_the_history_names_the_owners_for_an_admin(api: ApiServer, lab: Lab, query: str) -> None:
    for key in (ANNA, BEN, ADMIN):
        end(lab, submit(api, key), well=not query)

    def owners(key: str) -> list[str | None]:
        records = api.http.get(HISTORY + query, headers=bearer(key)).json()["records"]
        return [record.get("owner") for record in records]

    assert owners(ADMIN) == [None, "ben", "anna"]
    assert owners(ANNA) == owners(BEN) == [None]


def test_tasks_of_an_admin_belong_to_it(api: ApiServer) -> None:
    same = {"Idempotency-Key": "same"}
    task_id, theirs = submit(api, ADMIN, **same), submit(api, ANNA, **same)
    assert task_id != theirs
    assert api.http.get(f"/api/v1/asr/result/{task_id}", headers=bearer(ANNA)).status_code == 404


def test_an_admin_finds_a_recording_without_a_known_owner(api: ApiServer, lab: Lab) -> None:
    task_id = submit(api, ANNA)
    end(lab, task_id)
    lab.client.delete(lab.store.task_key(task_id), lab.store.history_key)
    lab.journal.forget(task_id, 1)
    url = f"/api/v1/asr/audio/{task_id}"
    assert api.http.get(url, headers=bearer(ANNA)).status_code == 404
    assert api.http.get(url, headers=bearer(ADMIN)).content == tone(1)


def test_only_an_admin_sees_the_names_of_keys(api: ApiServer) -> None:
    submit(api, ANNA)
    refused = api.http.get("/metrics", headers=bearer(ANNA))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_admin")
    assert api.http.get("/metrics").status_code == 401
    figures = api.http.get("/metrics", headers=bearer(ADMIN)).text
    assert 'method="POST",owner="anna",route="/api/v1/asr/submit",status="200"' in figures
    for path in ("/api/v1/stats", "/api/v1/asr/queue/status"):
        assert "anna" not in api.http.get(path, headers=bearer(BEN)).text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", HISTORY),
        ("GET", "/v1/models"),
        ("POST", "/v1/audio/transcriptions"),
        ("POST", "/v1/audio/speech"),
    ],
)
def test_the_log_names_the_key_of_each_request(api: ApiServer, method: str, path: str) -> None:
    def lines() -> list[str]:
        return [line for line in api.log().splitlines() if f"{method} {path} - " in line]

    before = len(lines())
    answer = api.http.request(method, path, headers=bearer(BEN))
    api.http.request(method, path, headers=bearer("wrong-key"))
    wait_for(lambda: len(lines()) == before + 2, "two lines")
    named, unnamed = lines()[before:]
    assert named.endswith("owner=ben")
    assert "owner=" not in unnamed
    assert ("id=" + answer.headers.get("x-request-id", "") in named) == path.startswith("/v1")
    assert BEN not in api.log()


@pytest.fixture(scope="module")
def own_api(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    directory = tmp_path_factory.mktemp("own")
    with running_api(valkey, directory, CORS_ORIGINS="https://app.example.org") as server:
        yield server


class TestWithoutKeys:
    """A service without keys on a private machine, where a browser also shows foreign pages."""

    def submit(self, api: ApiServer, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.http.post("/api/v1/asr/submit", files={"audio": ("note", tone(1))}, headers=named)

    def test_a_page_of_another_origin_cannot_submit(self, own_api: ApiServer) -> None:
        for page in ("https://evil.example", "null", "http://localhost:3000"):
            answer = self.submit(own_api, Origin=page)
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        answer = own_api.http.post("/v1/audio/speech", json={}, headers={"Origin": "https://evil.example"})
        assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")
        assert own_api.parts_left() == []
        for page in (own_api.url, "https://app.example.org"):
            assert self.submit(own_api, Origin=page).status_code == 200
        assert (
            self.submit(own_api, Origin="https://own.example", Sec_Fetch_Site="same-origin").status_code
            == 200
        )

    def test_a_foreign_host_name_that_resolves_to_this_machine_is_refused(self, own_api: ApiServer) -> None:
        for host in ("evil.example", f"evil.example:{own_api.http.base_url.port}", "127.0.0.1.nip.example"):
            answer = own_api.http.get(HISTORY, headers={"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (403, "foreign_host")
        for host in ("localhost", "localhost:1234", "127.0.0.1", "[::1]:8000"):
            assert own_api.http.get(HISTORY, headers={"Host": host}).status_code == 200
        assert own_api.http.get("/livez", headers={"Host": "evil.example"}).status_code == 200

    def test_with_anonymous_access_any_host_name_is_served(self, redis_url: str, tmp_path: Path) -> None:
        with running_api(redis_url, tmp_path, ALLOW_ANONYMOUS="true") as api:
            assert api.http.get(HISTORY, headers={"Host": "speech.lan:8000"}).status_code == 200
            assert self.submit(api, Host="speech.lan", Origin="http://speech.lan").status_code == 200
            assert self.submit(api, Host="speech.lan", Origin="https://evil.example").status_code == 403
