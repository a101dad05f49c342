"""Findings of the doctor about voices."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxq.cli import package_checks
from voxq.cli.voice_checks import check_voices
from voxq.model_store.model import Model
from voxq.model_store.store import ModelStore
from voxq.settings import load_settings


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Machine without fetched models."""
    for name in ("VOXQ_MODELS", "MODELSCOPE_CACHE", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def look(machine: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in check_voices(load_settings(asr_model_path=machine)):
        found.setdefault(finding.state, []).append(f"{finding.says} {finding.fix}")
    return found


def test_missing_language_packages_are_reported_with_their_command(machine: Path) -> None:
    here, missing, *others = look(machine)["ok"]
    assert here.startswith("hibari: 1 in en")
    assert "voxq models pull kokoro" in missing
    (cloner,) = [each for each in others if each.startswith("pocket-tts")]
    assert "voxq engines install pocket-tts" in cloner


def test_a_model_without_its_phonemisers_is_a_warning(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ModelStore, "_find", lambda store, model: machine if _is_kokoro(model) else None)
    monkeypatch.setattr(package_checks, "requires", lambda name: ["nothing-like-it; extra == 'kokoro'"])
    (warning,) = look(machine)["warning"]
    assert "nothing-like-it is missing" in warning
    assert "--extra kokoro" in warning


def test_missing_japanese_packages_are_mentioned_without_a_warning(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelStore, "_find", lambda store, model: machine if _is_kokoro(model) else None)
    monkeypatch.setattr(package_checks, "requires", lambda name: ["nothing-like-it; extra == 'kokoro-ja'"])
    found = look(machine)
    assert "warning" not in found
    assert any("--extra kokoro-ja" in says for says in found["ok"])


def _is_kokoro(model: Model) -> bool:
    return model.name.startswith("kokoro")
