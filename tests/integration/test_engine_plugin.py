"""The example of an engine in a separate package, installed and used through the running service."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plugin_package
import pytest
from own_environment import without_settings
from stack import RunningStack

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.encode import encode

SUPPORT = Path(__file__).parent.parent / "support"
KEYS = "0815*4711#"
LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
LAYOUT = ("123A", "456B", "789C", "*0#D")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a directory with the example installed in it."""
    root = tmp_path_factory.mktemp("plugin")
    wheel = plugin_package.build_wheel(plugin_package.EXAMPLE, root)
    return plugin_package.install(wheel, root / "packages")


@pytest.fixture
def stack(tmp_path: Path, packages: Path) -> Iterator[RunningStack]:
    stack = RunningStack(
        tmp_path, asr_engine="faster-whisper", asr_model="dtmf", engine_plugins="dtmf", preload_models="dtmf"
    )
    stack.start(PYTHONPATH=os.pathsep.join([str(packages), str(SUPPORT)]))
    yield stack
    stack.close()


def dialled(keys: str) -> bytes:
    """Make a WAV file with the tones of these keys, each for 100 ms."""
    times = np.arange(SAMPLE_RATE // 10) / SAMPLE_RATE
    sounds = [np.zeros_like(times)]
    for key in keys:
        row = next(row for row, names in enumerate(LAYOUT) if key in names)
        tones = (LOW[row], HIGH[LAYOUT[row].index(key)])
        sounds += [sum(0.3 * np.sin(2 * np.pi * tone * times) for tone in tones), np.zeros_like(times)]
    return encode(np.concatenate(sounds).astype(np.float32), SAMPLE_RATE, "wav")


def test_it_recognises_through_the_running_service(stack: RunningStack) -> None:
    models = stack.http.get("/api/v1/models").json()
    assert models["default"] == "dtmf"
    assert [each["engine"] for each in models["models"] if each["name"] == "dtmf"] == ["dtmf"]
    answer = stack.http.post(
        "/api/v1/asr/submit",
        files={"audio": ("call.wav", io.BytesIO(dialled(KEYS)))},
        data={"use_vad": "false", "model": "dtmf"},
    )
    assert answer.status_code == 200, answer.text
    task_id = answer.json()["task_id"]
    stack.wait_for_ends([task_id])
    result = stack.result(task_id)
    assert (result["status"], result["text"]) == ("done", KEYS)
    (worker,) = stack.http.get("/api/v1/stats").json()["workers"]
    assert worker["model"] == "dtmf"


def test_its_own_tests_pass(packages: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(plugin_package.EXAMPLE)],
        cwd=plugin_package.EXAMPLE,
        env={**without_settings(), "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


def test_the_doctor_reports_the_plugin_and_its_problems(packages: Path, tmp_path: Path) -> None:
    env = {
        **without_settings(),
        "PYTHONPATH": str(packages),
        "STORAGE_PATH": str(tmp_path / "storage"),
        "ENGINE_PLUGINS": "dtmf,absent",
    }
    done = subprocess.run(
        [sys.executable, "-m", "voxq.cli", "doctor", "--json"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    findings = [each for each in json.loads(done.stdout) if each["subject"] == "engine"]
    said = {each["says"]: each["state"] for each in findings}
    assert any(says.startswith("dtmf: ") and state == "ok" for says, state in said.items())
    assert any("absent" in says and state == "failure" for says, state in said.items())
    up = subprocess.run(
        [sys.executable, "-m", "voxq.cli", "up"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert up.returncode == 1
    assert "No installed package offers an engine absent" in up.stderr
    assert "Traceback" not in up.stderr
