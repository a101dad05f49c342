"""The commands as a person runs them, in a directory and an environment of their own."""

import http.server
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from own_environment import without_settings
from own_port import own_port
from worker_lab import wait_for

Voxq = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def voxq(tmp_path: Path) -> Voxq:
    """Return a function that runs a command without this machine's settings."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "voxq.cli", *arguments],
            cwd=tmp_path,
            env={**without_settings(), "API_PORT": str(own_port()), **env},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the error message of a failed command; asserts that it is not a traceback."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    return done.stderr


COMMANDS = [
    "up",
    "api",
    "worker",
    "transcribe",
    "speak",
    "queue",
    "task",
    "history",
    "models",
    "doctor",
    "bench",
    "rq",
]


def test_the_version(voxq: Voxq) -> None:
    assert voxq("--version").stdout == f"voxq {version('voxq')}\n"


def test_help_names_every_command(voxq: Voxq) -> None:
    text = voxq("--help").stdout
    assert [command for command in COMMANDS if command not in text] == []


@pytest.mark.parametrize("command", [*COMMANDS, "queue requeue", "models pull"])
def test_every_command_has_help(voxq: Voxq, command: str) -> None:
    done = voxq(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [("voxq qu", "queue"), ("voxq queue pu", "purge"), ("voxq transcribe --form", "--format")],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(shell: str, words: str, completed: str, tmp_path: Path) -> None:
    """The shell calls the command itself, as `voxq --show-completion` tells it to."""
    environ = {
        **without_settings(),
        "_VOXQ_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    voxq = Path(sys.executable).with_name("voxq")
    done = subprocess.run([voxq], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)
    assert completed in done.stdout, done.stderr


@pytest.mark.parametrize("command", ["queue", "history", "task abc", "queue failed", "queue purge --all"])
def test_without_a_service_commands_say_how_to_start_one(voxq: Voxq, command: str) -> None:
    assert "voxq up" in sentence(voxq(*command.split()))


def test_a_wrong_setting_is_one_sentence(voxq: Voxq) -> None:
    assert "API_PORT" in sentence(voxq("queue", API_PORT="99999"))


def test_dotenv_is_read_and_typos_are_reported(voxq: Voxq, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ASR_MODLE=tiny\nLOG_ROTATION=nonsense\n")
    done = voxq("history")
    assert "did you mean ASR_MODEL?" in done.stderr
    assert "LOG_ROTATION" in done.stderr
    assert done.returncode == 1


def test_an_open_api_without_keys_is_refused(voxq: Voxq) -> None:
    for command in ("api", "up"):
        assert "ALLOW_ANONYMOUS=true" in sentence(voxq(command, API_HOST="0.0.0.0"))


def test_up_refuses_a_port_in_use(voxq: Voxq) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "API_PORT" in sentence(voxq("up", API_PORT=port))


def test_api_and_worker_alone_need_a_redis(voxq: Voxq) -> None:
    assert "REDIS_URL" in sentence(voxq("worker"))
    assert "REDIS_URL" in sentence(voxq("api"))
    assert "REDIS_URL" in sentence(voxq("worker", "--count", "2"))


def test_up_reports_that_the_configured_redis_is_unreachable(voxq: Voxq) -> None:
    done = voxq("up", REDIS_URL=f"redis://:hidden-secret@127.0.0.1:{own_port()}/0")
    assert "No Redis answers" in sentence(done)
    assert "hidden-secret" not in done.stderr


def test_an_unreadable_recording_is_a_usage_error(voxq: Voxq) -> None:
    done = voxq("transcribe", "missing.ogg")
    assert done.returncode == 2
    assert "missing.ogg" in done.stderr


def test_purge_needs_ids_or_all(voxq: Voxq) -> None:
    for arguments in ([], ["a", "--all"]):
        done = voxq("queue", "purge", *arguments)
        assert done.returncode == 2
        assert "--all" in done.stderr


def test_models_list_and_path(voxq: Voxq) -> None:
    rows = json.loads(voxq("models", "list", "--json").stdout)
    assert "whisper-base" in [row["name"] for row in rows]
    assert "nothing-like-it" in sentence(voxq("models", "path", "nothing-like-it"))


def test_doctor_finds_no_problem_on_a_fresh_machine(voxq: Voxq) -> None:
    done = voxq("doctor", "--json")
    findings = json.loads(done.stdout)
    assert [finding for finding in findings if finding["state"] == "failure"] == []
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("env", "subject"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis"),
        ({"MIN_FREE_DISK_MB": "999999999"}, "storage"),
        ({"STORAGE_PATH": "/dev/null/storage"}, "storage"),
        ({"ASR_ENGINE": "none"}, "engine"),
        ({"ASR_MODEL": "none"}, "model"),
        ({"ASR_MODEL": "./nowhere"}, "model"),
        ({"ASR_USE_GPU": "true", "CUDA_VISIBLE_DEVICES": ""}, "device"),
        ({"API_HOST": "0.0.0.0"}, "settings"),
        ({"API_HOST": "192.0.2.1", "ALLOW_ANONYMOUS": "true"}, "API"),
    ],
)
def test_doctor_finds_each_problem(voxq: Voxq, env: dict[str, str], subject: str) -> None:
    done = voxq("doctor", "--json", **env)
    findings = json.loads(done.stdout)
    assert [each["subject"] for each in findings if each["state"] == "failure"] == [subject]
    assert findings[-1]["subject"] == "API", "it went on to the end"
    assert done.returncode == 1


def test_doctor_lists_all_wrong_settings_and_checks_the_rest(voxq: Voxq) -> None:
    done = voxq("doctor", "--json", API_PORT="99999", LOG_ROTATION="nonsense", ASR_MODLE="tiny")
    assert done.returncode == 1
    findings = json.loads(done.stdout)
    failures = [each for each in findings if each["state"] == "failure"]
    assert {each["subject"] for each in failures} == {"settings"}
    assert [each["says"].partition(":")[0] for each in failures] == ["API_PORT", "LOG_ROTATION"]
    assert any("did you mean ASR_MODEL?" in each["says"] for each in findings)
    assert {"storage", "model", "voices", "device"} < {each["subject"] for each in findings}
    assert "API" not in {each["subject"] for each in findings}, "nobody knows where it is meant to listen"


def test_doctor_goes_on_after_an_address_of_redis_that_cannot_be_read(voxq: Voxq) -> None:
    for arguments in (["doctor"], ["doctor", "--json"]):
        done = voxq(*arguments, REDIS_URL="redis://:Geheim77#x/y@127.0.0.1:6379/0")
        assert (done.returncode, done.stderr) == (1, "")
        assert "Geheim77" not in done.stdout
    findings = json.loads(done.stdout)
    assert [each["says"].split(":")[0] for each in findings if each["state"] == "failure"] == ["REDIS_URL"]
    assert {"storage", "model", "device", "API"} < {each["subject"] for each in findings}
    assert "Geheim77" not in sentence(voxq("api", REDIS_URL="redis://:Geheim77#x/y@127.0.0.1:6379/0"))


def test_doctor_goes_on_after_a_conflict(voxq: Voxq) -> None:
    findings = json.loads(voxq("doctor", "--json", API_KEYS="me:12345678", ADMIN_KEYS="me:abcdefgh").stdout)
    assert [each["subject"] for each in findings if each["state"] == "failure"] == ["settings"]
    assert findings[-1]["subject"] == "API"


@pytest.mark.parametrize(
    ("mode", "says"), [(0o600, None), (0o644, "other users of this machine can read"), (0o622, "can change")]
)
def test_doctor_looks_at_who_may_read_dotenv(voxq: Voxq, tmp_path: Path, mode: int, says: str | None) -> None:
    (tmp_path / ".env").write_text("API_KEYS=bot:0123456789abcdef\n")
    (tmp_path / ".env").chmod(mode)
    findings = json.loads(voxq("doctor", "--json").stdout)
    told = [each for each in findings if each["subject"] == "settings" and each["state"] == "warning"]
    assert [each["fix"] for each in told] == ([] if says is None else ["Run: chmod 600 .env"])
    assert says is None or says in told[0]["says"]


def test_doctor_warns_of_a_redis_that_would_forget(voxq: Voxq, redis_url: str) -> None:
    """The server of the tests keeps nothing."""
    done = voxq("doctor", "--json", REDIS_URL=redis_url)
    (told,) = [each for each in json.loads(done.stdout) if each["subject"] == "Redis"]
    assert (told["state"], told["says"].split(".")[0]) == (
        "warning",
        'It keeps nothing over a restart (appendonly no, save "")',
    )
    assert "appendonly yes" in told["fix"]
    assert done.returncode == 0


def test_doctor_knows_an_api_that_runs_alone(voxq: Voxq, redis_url: str, tmp_path: Path) -> None:
    port = str(own_port())
    settings = {**without_settings(), "REDIS_URL": redis_url, "API_PORT": port}
    alone = subprocess.Popen(
        [sys.executable, "-m", "voxq.cli", "api"], cwd=tmp_path, env=settings, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: _answers(int(port)), "the API", 60)
        findings = json.loads(voxq("doctor", "--json", REDIS_URL=redis_url, API_PORT=port).stdout)
    finally:
        alone.terminate()
        alone.wait(60)
    assert findings[-1]["subject"] == "API"
    assert findings[-1]["state"] == "warning"
    assert "an API alone" in findings[-1]["says"]
    assert findings[-1]["says"].endswith(": No worker is running")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_doctor_prints_the_tested_versions_for_pip(voxq: Voxq) -> None:
    lines = voxq("doctor", "--pins").stdout.splitlines()
    assert len(lines) > 100
    assert f"rq=={version('rq')}" in lines


class NotVoxQ(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web_server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), NotVoxQ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_another_service_is_not_mistaken_for_ours(voxq: Voxq, web_server: str) -> None:
    assert web_server in sentence(voxq("queue", "--url", web_server))
    assert "error" in sentence(voxq("queue", "--url", "not a url"))
