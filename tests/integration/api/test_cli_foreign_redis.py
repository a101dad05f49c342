"""With any foreign data under our keys in Redis, commands succeed or print an error meant for people."""

from __future__ import annotations

import sys

import pytest
from api_server import ApiServer
from task_lab import Lab, done

from voxq.cli.app import main
from voxq.queue import foreign_keys

JUNK = [
    "",
    "junk",
    "[]",
    "{}",
    "null",
    "5",
    "[" * 5000,
    '{"id": "1", "beat": 0}',
    '{"id": 1, "beat": 1%s}' % ("0" * 400),
]
COMMANDS = ["queue", "queue failed", "history", "task {id}", "worker drain --wait 0", "doctor"]


@pytest.fixture
def ended(lab: Lab) -> str:
    task = lab.submit(owner="anonymous")
    lab.ending.end(task, done())
    return task.id


@pytest.fixture(autouse=True)
def _settings(api: ApiServer, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _, port = api.url.removeprefix("http://").partition(":")
    environ = {"REDIS_URL": redis_url, "STORAGE_PATH": str(api.storage), "API_HOST": host, "API_PORT": port}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LOG_LEVEL", raising=False)


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command in this process, because a process of its own would take a second."""
    monkeypatch.setattr(sys, "argv", ["voxq", *command.split()])
    with pytest.raises(SystemExit):
        main()


@pytest.mark.parametrize("command", COMMANDS)
def test_invalid_values_under_our_keys_cause_no_traceback(
    lab: Lab, ended: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, junk in enumerate(JUNK):
        lab.rq.lpush("asr:history:latest", junk)
        lab.rq.hset("voxq:workers", f"stranger-{number}", junk)
        lab.rq.hset("asr:stats", "done", junk)
        lab.rq.rpush("rq:queue:asr-queue", junk)
        lab.rq.zadd("rq:failed:asr-queue", {junk: 4e9})
    lab.rq.set(lab.store.task_key(ended), "junk")
    run(command.format(id=ended), monkeypatch)
    said = capsys.readouterr()
    assert "LOG_LEVEL=DEBUG" not in said.err, said.err
    assert "drain" not in command or said.err == "error: No such worker is running.\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_keys_of_another_type_cause_no_traceback(
    lab: Lab, ended: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    types = foreign_keys.expected(lab.parts.stores.values())
    for name, kind in {**types, lab.store.task_key(ended): "string"}.items():
        lab.rq.delete(name)
        lab.rq.sadd(name, "foreign") if kind == "string" else lab.rq.set(name, "foreign")
    run(command.format(id=ended), monkeypatch)
    said = capsys.readouterr()
    assert "LOG_LEVEL=DEBUG" not in said.err, said.err
    assert "drain" not in command or said.err.startswith("error: Redis cannot be used: ")
