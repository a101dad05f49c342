"""`voxq up` as a separate process, with the real API, real workers and the measuring engine."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from own_environment import without_settings
from own_port import own_port
from redis import Redis


def until(true: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.05)
    return value


@dataclass
class Up:
    """A running `voxq up`."""

    process: subprocess.Popen[str]
    addresses: dict[str, Any]
    storage: Path
    env: dict[str, str]

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.storage / "run" / "up.json").read_text())

    @property
    def pids(self) -> dict[str, int]:
        return self.record["pids"]

    @property
    def redis_url(self) -> str:
        return self.record["redis_url"]

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.addresses['api']}/health", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def voxq(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(self.env, self.storage.parent, *arguments)


def run(env: dict[str, str], directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voxq.cli", *arguments],
        cwd=directory,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )


def start(env: dict[str, str], directory: Path) -> Up:
    process = subprocess.Popen(
        [sys.executable, "-m", "voxq.cli", "up", "--json"],
        cwd=directory,
        env=env,
        stdout=subprocess.PIPE,
        stderr=(directory / "up.err").open("a"),
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            break
    assert text, (directory / "up.err").read_text()
    return Up(process, json.loads(text), Path(env["STORAGE_PATH"]), env)


def environment(storage: Path) -> dict[str, str]:
    return {
        **without_settings(),
        "API_PORT": str(own_port()),
        "STORAGE_PATH": str(storage),
        "ASR_ENGINE": "noop",
        "ASR_MODEL": "noop",
        "RQ_WORKER_COUNT": "2",
        "SHUTDOWN_SECONDS": "10",
    }


@contextmanager
def running(env: dict[str, str], directory: Path) -> Iterator[Up]:
    started = start(env, directory)
    try:
        until(started.is_ready)
        yield started
    finally:
        started.process.terminate()
        started.process.wait(60)
        assert started.process.stdout
        started.process.stdout.close()


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path / "storage")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Start one for all tests that do not stop it."""
    directory = tmp_path_factory.mktemp("up")
    with running(environment(directory / "storage"), directory) as started:
        yield started


@pytest.fixture
def recording() -> Path:
    return Path(__file__).parents[1] / "data" / "audio" / "zh_note.ogg"


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(_lives, processes))


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_it_serves_until_sigterm_and_leaves_nothing(
    env: dict[str, str], tmp_path: Path, recording: Path
) -> None:
    with running(env, tmp_path) as up:
        assert sorted(up.pids) == ["api", "valkey", "worker-1", "worker-2"]
        assert (up.storage / "run" / "up.json").stat().st_mode & 0o077 == 0

        done = up.voxq("transcribe", str(recording))
        assert (done.returncode, done.stdout) == (0, "noop\n")
        assert json.loads(up.voxq("queue", "--json").stdout)["workers"] == 2

        family = up.family()
        assert len(family) >= 6  # each worker has a model process
        up.process.terminate()
        assert up.process.wait(60) == 0
        until(lambda: gone(family))
        assert not (up.storage / "run" / "up.json").exists()


def test_the_password_of_redis_is_in_a_private_file_only(up: Up) -> None:
    password = urlsplit(up.redis_url).password
    assert password and len(password) > 20
    assert password not in json.dumps(up.addresses) + (up.storage.parent / "up.err").read_text()
    assert up.addresses["redis"] == up.redis_url.rpartition("@")[2].removesuffix("/0")
    assert Path(up.addresses["redis_url_in"]).stat().st_mode & 0o077 == 0
    for family in (up.process.pid, *(process.pid for process in up.family())):
        with contextlib.suppress(psutil.Error):
            assert password not in " ".join(psutil.Process(family).cmdline())


def test_rq_gets_the_address_by_itself(up: Up) -> None:
    shown = up.voxq("rq", "info")
    assert shown.returncode == 0, shown.stderr
    assert "asr-queue-high" in shown.stdout
    assert "2 workers, " in shown.stdout
    assert urlsplit(up.redis_url).password not in shown.stdout + shown.stderr
    assert "--queue" in up.voxq("rq", "requeue", "--help").stdout
    assert "Usage" in up.voxq("rq", "--help").stdout


def test_a_second_stack_on_the_same_storage_is_refused(up: Up, tmp_path: Path) -> None:
    second = run({**up.env, "API_PORT": "1"}, tmp_path, "up")
    assert second.returncode == 1
    assert f"process {up.process.pid}" in second.stderr
    until(up.is_ready)


@pytest.mark.parametrize("name", ["valkey", "worker-1", "api"])
def test_a_killed_process_is_restarted_and_work_continues(up: Up, recording: Path, name: str) -> None:
    before = up.pids[name]
    os.kill(before, signal.SIGKILL)
    until(lambda: up.pids.get(name, before) != before)
    assert up.pids.keys() == {"api", "valkey", "worker-1", "worker-2"}
    until(up.is_ready)
    assert up.voxq("transcribe", str(recording)).stdout == "noop\n"


def test_kill_minus_nine_leaves_no_orphan_and_nothing_is_lost(
    env: dict[str, str], tmp_path: Path, recording: Path
) -> None:
    with running(env, tmp_path) as up:
        state = json.loads(up.voxq("transcribe", str(recording), "--json").stdout)[0]
        with Redis.from_url(up.redis_url) as redis:
            redis.set("mark", "kept")
        redis_url = up.redis_url
        family = up.family()
        up.process.kill()
        up.process.wait()
        until(lambda: gone(family))

    with running(env, tmp_path) as again:
        assert again.redis_url == redis_url
        with Redis.from_url(again.redis_url) as redis:
            assert redis.get("mark") == b"kept"
        assert again.voxq("task", state["task_id"], "--format", "text").stdout.strip() == "noop"


def test_transcribe_writes_files_and_reports_failures(up: Up, recording: Path) -> None:
    directory = up.storage.parent
    with wave.open(str(directory / "empty.wav"), "wb") as empty:
        empty.setnchannels(1)
        empty.setsampwidth(2)
        empty.setframerate(16000)
    (directory / "noise.mp3").write_bytes(b"\x00nothing" * 100)
    done = up.voxq("transcribe", str(recording), "empty.wav", "noise.mp3", "-f", "srt", "-o", "texts")
    assert done.returncode == 1
    assert "empty.wav" in done.stderr
    assert "noise.mp3" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (directory / "texts").iterdir()] == ["zh_note.srt"]
    assert "-->" in (directory / "texts" / "zh_note.srt").read_text()


def test_names_that_are_equal_overwrite_nothing_and_a_missing_file_stops_no_other(
    up: Up, recording: Path
) -> None:
    directory = up.storage.parent
    for folder in ("one", "two"):
        (directory / folder).mkdir()
        shutil.copy(recording, directory / folder / "same.ogg")
    command = ["transcribe", "one/same.ogg", "missing.ogg", "two/same.ogg", "-o", "equal"]
    for expected in (2, 4):
        done = up.voxq(*command)
        assert done.returncode == 1
        assert "error: missing.ogg: there is no such file." in done.stderr
        assert len(list((directory / "equal").iterdir())) == expected
    assert sorted(path.name for path in (directory / "equal").iterdir()) == [
        "one_same.ogg-2.txt",
        "one_same.ogg.txt",
        "two_same.ogg-2.txt",
        "two_same.ogg.txt",
    ]


def test_standard_input_is_transcribed(up: Up, recording: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "voxq.cli", "transcribe", "-"],
        cwd=up.storage.parent,
        env=up.env,
        input=recording.read_bytes(),
        capture_output=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, b"noop\n"), done.stderr


def test_commands_work_by_themselves_if_the_service_wants_a_key_they_lack(
    env: dict[str, str], tmp_path: Path, recording: Path
) -> None:
    keyed = {**env, "API_KEYS": "bot:0123456789abcdef"}
    with running(keyed, tmp_path) as up:
        (elsewhere := tmp_path / "elsewhere").mkdir()
        stranger = {**env, "STORAGE_PATH": str(elsewhere / "storage")}
        done = run(stranger, elsewhere, "transcribe", str(recording))
        assert (done.returncode, done.stdout) == (0, "noop\n"), done.stderr
        assert "wants a key" in done.stderr and "Loading noop" in done.stderr
        told = run(stranger, elsewhere, "transcribe", str(recording), "--url", up.addresses["api"])
        assert told.returncode == 1
        assert "API_KEYS" in told.stderr
        spoken = run(stranger, elsewhere, "speak", "Hello.", "-o", "hello.wav")
        assert spoken.returncode == 0, spoken.stderr
        assert (elsewhere / "hello.wav").stat().st_size > 1000


def test_history_task_and_purge(up: Up, recording: Path) -> None:
    state = json.loads(up.voxq("transcribe", str(recording), "--json", "--words").stdout)[0]
    task_id = state["task_id"]
    records = json.loads(up.voxq("history", "--json").stdout)
    assert records[0]["task_id"] == task_id
    assert task_id in up.voxq("history").stdout
    assert "done" in up.voxq("task", task_id).stdout
    refused = up.voxq("queue", "requeue", task_id)
    assert refused.returncode == 1
    assert task_id in refused.stderr
    assert up.voxq("queue", "purge", task_id).returncode == 0
    assert up.voxq("task", task_id).returncode == 1


def test_transcribe_without_a_service_starts_one_for_the_call(
    env: dict[str, str], tmp_path: Path, recording: Path
) -> None:
    done = run(env, tmp_path, "transcribe", str(recording))
    assert (done.returncode, done.stdout) == (0, "noop\n"), done.stderr
    assert not (tmp_path / "storage").exists()


def test_workers_alone_on_a_running_stack(up: Up) -> None:
    """They run in addition to the stack's own two."""
    more = subprocess.Popen(
        [sys.executable, "-m", "voxq.cli", "worker", "--count", "1", "--id", "7"],
        cwd=up.storage.parent,
        env=up.env,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: json.loads(up.voxq("queue", "--json").stdout)["workers"] == 3)
    finally:
        more.terminate()
        assert more.wait(60) == 0
    until(lambda: json.loads(up.voxq("queue", "--json").stdout)["workers"] == 2)
