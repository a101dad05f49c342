"""Voiceprints through the API, with a real worker and the real model."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from api_server import ApiServer, running_api
from worker_lab import WorkerLab

from voxq.engines.warmup import clip
from voxq.speech.audio import Samples
from voxq.speech.decode import Decoding

ADA, BOB = "adas-secret-key", "bobs-secret-key"
CONSENT = {"name": "Ada", "consent_by": "Ada Lovelace", "consent": "My voice may be known again."}
AUDIO = Path(__file__).parents[2] / "data" / "audio"
CHINESE = (AUDIO / "zh_meeting.ogg").read_bytes()
RATE = 16_000


def wav(samples: Samples) -> bytes:
    """Write samples as a WAV file of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def decoded(name: str) -> Samples:
    return np.concatenate(list(Decoding(AUDIO / f"{name}.ogg", 600.0)))


SPEECH = wav(clip()[: 5 * RATE])
MORE_SPEECH = wav(clip()[4 * RATE :])
NOISY = wav(clip() + np.random.default_rng(1).normal(0, 0.2, len(clip())).astype(np.float32))
TWO_VOICES = wav(np.concatenate([clip(), decoded("zh_meeting")[: 10 * RATE]]))
SHORT = wav(clip()[: 2 * RATE])
SILENCE = wav(np.zeros(5 * RATE, np.float32))


@pytest.fixture(scope="module")
def lab(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    lab = WorkerLab(tmp_path_factory.mktemp("voiceprints"), valkey, worker_capabilities="embed")
    lab.client.flushall()
    lab.worker()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def server(lab: WorkerLab) -> Iterator[ApiServer]:
    environ = lab.settings.environ() | {"API_KEYS": f"ada:{ADA},bob:{BOB}"}
    del environ["REDIS_URL"], environ["STORAGE_PATH"]
    with running_api(str(lab.settings.redis_url), lab.root, **environ) as api:
        yield api


class Client:
    """Requests with one key."""

    def __init__(self, api: ApiServer, key: str) -> None:
        self._http = api.http
        self._headers = {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {**self._headers, **request.pop("headers", {})}
        return self._http.request(method, f"/api/v1/{path}", headers=headers, **request)

    def send(self, path: str, sound: bytes = SPEECH, **fields: str) -> httpx.Response:
        return self("POST", path, files={"audio": ("a.wav", sound)}, data=fields)

    def create(self, sound: bytes = SPEECH) -> str:
        """Create a voiceprint, wait until its task has ended, and return its id."""
        answer = self.send("voiceprints", sound, **CONSENT)
        assert answer.status_code == 200, answer.text
        self.wait(answer.json()["task_id"])
        return answer.json()["voiceprint_id"]

    def wait(self, task_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while (found := self("GET", f"voiceprint/result/{task_id}").json())["status"] not in (
            "done",
            "failed",
        ):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found


@pytest.fixture
def ada(server: ApiServer) -> Iterator[Client]:
    client = Client(server, ADA)
    yield client
    for each in client("GET", "voiceprints").json()["voiceprints"]:
        client("DELETE", f"voiceprints/{each['voiceprint_id']}")


@pytest.fixture
def bob(server: ApiServer) -> Client:
    return Client(server, BOB)


def files_with(root: Path, *words: str) -> list[str]:
    """Files under the storage, besides the logs of processes, in which one of the words occurs."""
    found = []
    for path in root.rglob("*"):
        if path.is_file() and path.suffix != ".log":
            content = path.read_bytes()
            found += [f"{path.name}: {word}" for word in words if word.encode() in content]
    return found


def test_the_vector_of_a_recording_is_the_response(ada: Client) -> None:
    first, again = ada.send("extract-embedding"), ada.send("extract-embedding")
    assert first.status_code == 200, first.text
    found = first.json()
    assert len(found["embedding"]) == 256
    assert np.linalg.norm(found["embedding"]) == pytest.approx(1.0, abs=1e-5)
    assert (found["model"], found["duration"]) == ("ge2e", 5.0)
    assert found["revision"].startswith("ge2e:")
    assert 3 <= found["speech_seconds"] == found["quality"]["speech_seconds"] <= 5
    assert again.json() == found
    assert (first.headers["x-voxq-cache"], again.headers["x-voxq-cache"]) == ("miss", "hit")


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (SHORT, "too_little_speech"),
        (SILENCE, "too_little_speech"),
        (NOISY, "speech_too_noisy"),
        (wav(np.clip(clip() * 8, -1, 1)), "speech_clipped"),
        (TWO_VOICES, "several_speakers"),
    ],
    ids=["short", "silence", "noise", "clipped", "two voices"],
)
def test_a_recording_that_does_not_do_is_refused(ada: Client, sound: bytes, code: str) -> None:
    refused = ada.send("extract-embedding", sound)
    assert refused.status_code == 422
    assert refused.json()["code"] == code
    assert any(word in refused.json()["error"] for word in ("record", "turn the microphone down"))


def test_what_is_no_recording_is_refused(ada: Client) -> None:
    for path in ("extract-embedding", "voiceprints", "voiceprints/identify"):
        refused = ada.send(
            path, b"#EXTM3U\nhttp://192.0.2.1/a.wav\n", **(CONSENT if path == "voiceprints" else {})
        )
        assert refused.status_code == 400, path
    assert ada("GET", "voiceprints").json()["total"] == 0


def test_a_voiceprint_is_made_known_again_and_erased(ada: Client, lab: WorkerLab) -> None:
    id = ada.create()
    view = ada("GET", f"voiceprints/{id}").json()
    assert (view["status"], view["version"], view["recordings"], view["name"]) == ("ready", 1, 1, "Ada")
    assert view["consent"]["given_by"] == "Ada Lovelace"
    assert "vector" not in view
    assert len(ada("GET", f"voiceprints/{id}", params={"vector": "true"}).json()["vector"]) == 256
    same, other = (
        ada.send(f"voiceprints/{id}/verify", MORE_SPEECH),
        ada.send(f"voiceprints/{id}/verify", CHINESE),
    )
    assert (same.json()["match"], other.json()["match"]) == (True, False)
    assert same.json()["similarity"] > same.json()["threshold"] > other.json()["similarity"]
    found = ada.send("voiceprints/identify", MORE_SPEECH).json()
    assert found["match"]["voiceprint_id"] == id
    assert (found["compared"], found["skipped"]) == (1, 0)
    assert ada.send("voiceprints/identify", CHINESE).json()["match"] is None
    exported = ada("GET", f"voiceprints/{id}/export").json()
    assert exported["consent"]["text"] == CONSENT["consent"]
    assert [line["action"] for line in exported["audit"]] == ["created", "recorded", "exported"]
    (task_id,) = view["tasks"]
    vector = json.dumps(exported["samples"][0]["vector"][:3]).strip("[]").replace(" ", "")
    assert files_with(lab.settings.storage_path, vector)
    extracted = ada.send("extract-embedding").headers["x-voxq-task"]
    assert ada("DELETE", f"voiceprints/{id}").json()["tasks_erased"] == 2
    assert ada("GET", f"voiceprint/result/{extracted}").status_code == 404
    assert ada("GET", f"voiceprints/{id}").status_code == 404
    assert ada("GET", f"voiceprint/result/{task_id}").status_code == 404
    left = files_with(lab.settings.storage_path, vector, "Lovelace", "known again", task_id)
    assert left == [f"voiceprint_history.jsonl: {task_id}"], "nothing is left but that there was a task"
    assert not list(lab.settings.recordings_dir.glob(f"{task_id}*"))
    assert all(task_id not in key for key in map(str, lab.client.scan_iter("*")))
    assert ada("DELETE", f"voiceprints/{id}").status_code == 404


def test_a_vector_can_be_compared_instead_of_a_recording(ada: Client) -> None:
    id = ada.create()
    given = ada.send("extract-embedding", MORE_SPEECH).json()
    body = {"vector": given["embedding"], "revision": given["revision"]}
    assert ada("POST", f"voiceprints/{id}/verify", json=body).json()["match"] is True
    assert ada("POST", "voiceprints/identify", json=body).json()["match"]["voiceprint_id"] == id
    strict = {**body, "threshold": 0.999}
    assert ada("POST", f"voiceprints/{id}/verify", json=strict).json()["match"] is False


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"revision": "ge2e:0:old"}, 422, "other_model"),
        ({"vector": [1.0]}, 422, "invalid_option"),
        ({"vector": [0.0] * 256}, 422, "invalid_option"),
        ({"vector": [1e308] * 256}, 422, "invalid_option"),
        ({"vector": []}, 422, "invalid_option"),
        ({"vector": ["NaN"] * 256}, 422, "invalid_option"),
        ({"vector": None}, 422, "invalid_option"),
        ({"threshold": 7}, 422, "invalid_option"),
        ({"more": 1}, 422, "invalid_option"),
    ],
)
def test_a_vector_that_cannot_be_compared_is_refused(
    ada: Client, change: dict[str, Any], status: int, code: str
) -> None:
    id = ada.create()
    given = ada.send("extract-embedding").json()
    body = {"vector": given["embedding"], "revision": given["revision"], **change}
    refused = ada("POST", f"voiceprints/{id}/verify", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"vector":[NaN],"revision":"x"}', b"\xff", b"7" * 300_000]
)
def test_what_is_no_json_is_refused(ada: Client, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    refused = ada("POST", "voiceprints/identify", content=raw, headers=headers)
    assert refused.status_code in (400, 413, 422)
    assert refused.json()["code"] in ("bad_json", "invalid_option", "too_large")


def test_another_owner_finds_nothing(ada: Client, bob: Client) -> None:
    id = ada.create()
    assert bob("GET", "voiceprints").json() == {"total": 0, "voiceprints": []}
    for method, path in (
        ("GET", f"voiceprints/{id}"),
        ("GET", f"voiceprints/{id}/export"),
        ("DELETE", f"voiceprints/{id}"),
    ):
        assert bob(method, path).status_code == 404
    assert bob("PATCH", f"voiceprints/{id}", json={"name": "mine"}).status_code == 404
    for path in (f"voiceprints/{id}/verify", f"voiceprints/{id}/recordings", f"voiceprints/{id}/versions"):
        assert bob.send(path, MORE_SPEECH).status_code == 404
    assert bob.send("voiceprints/identify", MORE_SPEECH).json()["match"] is None
    assert ada("GET", f"voiceprints/{id}").json()["name"] == "Ada"


def test_it_grows_and_is_replaced(ada: Client) -> None:
    id = ada.create()
    added = ada.send(f"voiceprints/{id}/recordings", MORE_SPEECH).json()
    assert (added["voiceprint_id"], added["version"]) == (id, 1)
    assert ada.wait(added["task_id"])["status"] == "done"
    grown = ada("GET", f"voiceprints/{id}").json()
    assert (grown["version"], grown["recordings"]) == (1, 2)
    foreign = ada.wait(ada.send(f"voiceprints/{id}/recordings", CHINESE).json()["task_id"])
    assert (foreign["status"], foreign["code"]) == ("failed", "other_speaker")
    replaced = ada.wait(ada.send(f"voiceprints/{id}/versions", CHINESE).json()["task_id"])
    assert replaced["status"] == "done"
    assert replaced["embedding"]["version"] == 2
    assert "vector" not in replaced["embedding"]
    assert ada.send(f"voiceprints/{id}/verify", SPEECH).json()["match"] is False
    assert ada("PATCH", f"voiceprints/{id}", json={"name": "Anna"}).json()["name"] == "Anna"
    for name in ("", " ", "a" * 101, "\n"):
        assert ada("PATCH", f"voiceprints/{id}", json={"name": name}).status_code == 422


def test_a_recording_that_does_not_do_is_explained(ada: Client) -> None:
    id = ada.create(SHORT)
    view = ada("GET", f"voiceprints/{id}").json()
    assert (view["status"], view["code"], view["version"]) == ("failed", "too_little_speech", 0)
    assert ada.send(f"voiceprints/{id}/verify").json()["code"] == "not_ready"
    added = ada.send(f"voiceprints/{id}/recordings", SPEECH).json()
    assert ada.wait(added["task_id"])["status"] == "done"
    assert ada("GET", f"voiceprints/{id}").json()["status"] == "ready"


def test_a_request_that_is_repeated_makes_one_voiceprint(ada: Client) -> None:
    headers = {"Idempotency-Key": "once"}
    answers = [
        ada("POST", "voiceprints", files={"audio": ("a.wav", SPEECH)}, data=CONSENT, headers=headers).json()
        for _ in range(2)
    ]
    assert answers[0]["voiceprint_id"] == answers[1]["voiceprint_id"]
    assert answers[0]["task_id"] == answers[1]["task_id"]
    ada.wait(answers[0]["task_id"])
    assert ada("GET", "voiceprints").json()["total"] == 1


@pytest.mark.parametrize("missing", list(CONSENT))
def test_nothing_is_kept_without_consent(ada: Client, missing: str) -> None:
    fields = {name: text for name, text in CONSENT.items() if name != missing}
    refused = ada.send("voiceprints", **fields)
    assert (refused.status_code, refused.json()["field"]) == (422, missing)
    assert ada("GET", "voiceprints").json()["total"] == 0


def test_it_can_be_deleted_while_its_recording_is_at_work(ada: Client, lab: WorkerLab) -> None:
    answer = ada.send("voiceprints", **CONSENT).json()
    assert ada("DELETE", f"voiceprints/{answer['voiceprint_id']}").status_code == 200
    deadline = time.monotonic() + 30
    task = answer["task_id"]
    while set(files_with(lab.settings.storage_path, task, "Lovelace")) - {
        f"voiceprint_history.jsonl: {task}"
    }:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ada("GET", "voiceprints").json()["total"] == 0


def command(api: ApiServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"API_KEYS": f"ada:{ADA}", "VOXQ_LANGUAGE": "en", "LANG": "C.UTF-8"}
    line = [sys.executable, "-m", "voxq.cli", "voiceprints", *arguments, "--url", api.url]
    return subprocess.run(line, cwd=api.storage, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_the_command_does_the_same(ada: Client, server: ApiServer, tmp_path: Path) -> None:
    same, other = tmp_path / "same.wav", tmp_path / "other.ogg"
    same.write_bytes(SPEECH)
    other.write_bytes(CHINESE)
    person = ("--consent-by", "Ada Lovelace", "--consent", "Yes.")
    created = command(server, "create", "Ada", str(same), *person)
    assert created.returncode == 0, created.stderr
    id = created.stdout.strip()
    assert id.startswith("vp_")
    assert command(server, "verify", id, str(other)).returncode == 1
    assert command(server, "identify", str(same)).stdout.split()[:2] == ["Ada", id]
    refused = command(server, "add", id, str(other))
    assert refused.returncode == 1
    assert "another voice" in refused.stderr
    assert command(server, "delete", id).returncode == 0
    assert json.loads(command(server, "list", "--json").stdout) == []
