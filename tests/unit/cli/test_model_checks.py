"""Problems with models that the doctor finds before a worker does."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from voxq.cli import model_checks, package_checks
from voxq.cli.finding import Finding
from voxq.cli.model_checks import check_models
from voxq.model_store.model import Hubs
from voxq.model_store.published import find
from voxq.settings import load_settings


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Machine without fetched models, whose engine libraries report no problems."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXQ_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    # Importing FunASR takes 15 seconds; one test below does it.
    monkeypatch.setattr(model_checks, "_diagnose", lambda engine, device, directories: [])
    monkeypatch.setattr(model_checks, "missing_packages", lambda extra: [])
    return tmp_path


def install(machine: Path, name: str) -> None:
    source = find(name).source
    assert isinstance(source, Hubs)
    for file in source.required:
        path = machine / "mine" / source.repositories["modelscope"] / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("model: SeacoParaformer")


def look(machine: Path, **settings: str) -> Sequence[Finding]:
    found = check_models(load_settings(asr_model_path=machine / "mine", asr_use_gpu=False, **settings))
    return [finding for finding in found if finding.state != "ok"]


def test_a_preset_needs_one_line(machine: Path) -> None:
    install(machine, "sensevoice")
    assert look(machine, asr_model="sensevoice") == []


def test_a_missing_companion_is_reported_with_its_command(machine: Path) -> None:
    install(machine, "paraformer-zh")
    (finding,) = look(machine, asr_model="paraformer-zh")
    assert (finding.subject, finding.state) == ("model", "failure")
    assert "voxq models pull ct-punc" in finding.says
    install(machine, "ct-punc")
    assert look(machine, asr_model="paraformer-zh") == []


def test_another_model_that_is_wrong_is_a_warning(machine: Path) -> None:
    install(machine, "sensevoice")
    (finding,) = look(machine, asr_model="sensevoice", asr_models="words=funasr:/no/such/place")
    assert (finding.subject, finding.state) == ("model", "warning")
    assert "words" in finding.says


def test_a_directory_of_another_kind_is_refused(machine: Path) -> None:
    (machine / "config.yaml").write_text("model: Conformer")
    (finding,) = look(machine, asr_model=str(machine), asr_engine="funasr")
    assert "Conformer" in finding.says


@pytest.mark.parametrize(("engine", "state"), [("noop", "warning"), ("none", "failure")])
def test_an_engine_without_effect_is_reported(machine: Path, engine: str, state: str) -> None:
    """Set ASR_ENGINE together with a model of the catalogue, which has its own engine."""
    install(machine, "sensevoice")
    (finding,) = look(machine, asr_model="sensevoice", asr_engine=engine)
    assert (finding.subject, finding.state) == ("engine", state)
    assert engine in finding.says


def test_a_missing_extra_is_reported_with_its_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = ["rich", "nothing-like-it>=2; extra == 'funasr'", "rich>9999; extra == 'other'"]
    monkeypatch.setattr(package_checks, "requires", lambda name: requirements)
    monkeypatch.setattr(model_checks, "missing_packages", package_checks.missing_packages)
    assert package_checks.missing_packages() == []
    install(machine, "sensevoice")
    (finding,) = look(machine, asr_model="sensevoice")
    assert (finding.subject, finding.state) == ("engine", "failure")
    assert "nothing-like-it is missing" in finding.says
    assert finding.fix == "Run: scripts/setup --extra funasr"


def test_libraries_that_cannot_be_imported_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (problem,) = model_checks._diagnose("nothing", "cpu", [])
    assert "cannot be imported" in problem
    assert "voxq.engines.recognise.nothing" in problem


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("funasr") is None, reason="FunASR is not installed")
def test_the_doctor_asks_funasr_itself(machine: Path) -> None:
    """Run the real command with the real libraries on a directory without weights."""
    (machine / "config.yaml").write_text("model: SenseVoiceSmall")
    done = subprocess.run(
        [sys.executable, "-m", "voxq.cli", "doctor", "--json"],
        cwd=machine,
        env={**os.environ, "ASR_ENGINE": "funasr", "ASR_MODEL": str(machine), "ASR_USE_GPU": "false"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    findings = [finding for finding in json.loads(done.stdout) if finding["subject"] == "engine"]
    assert [finding["state"] for finding in findings] == ["failure"]
    assert "model.pt" in findings[0]["says"]
    assert done.returncode == 1
