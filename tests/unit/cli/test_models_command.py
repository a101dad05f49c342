"""`voxq models` against a hub on the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, serving
from typer.testing import CliRunner

from voxq.cli.models import app
from voxq.model_store import published
from voxq.model_store.model import Hubs, Model

FILES = {"model.pt": b"w" * 100_000, "config.yaml": b"model: Paraformer"}


def entry(name: str, size_mb: int = 1, **more: object) -> Model:
    source = Hubs({"modelscope": "owner/name"}, ("*",), ("model.pt", "config.yaml"))
    return Model(name, "funasr", source, "MIT", "Chinese", size_mb, **more)  # pyright: ignore


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Machine without fetched models, with a catalogue of two."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXQ_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    monkeypatch.setenv("ASR_MODEL_PATH", str(tmp_path / "mine"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(
        published, "MODELS", (entry("hearing", needs=("commas",)), entry("commas", role="punctuation"))
    )
    return tmp_path


def voxq(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(Hub(dict(FILES))) as server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        yield server


def test_pull_also_downloads_companion_models(hub: Hub, machine: Path) -> None:
    places = [str(machine / "models" / name) for name in ("hearing", "commas")]
    assert voxq("pull", "hearing", "--hub", "modelscope").split() == places
    hub.requests.clear()
    assert voxq("pull", "hearing").split() == places[:1]
    assert hub.requests == []
    assert voxq("path", "commas").strip() == places[1]


def test_a_companion_that_is_here_already_is_not_fetched(hub: Hub, machine: Path) -> None:
    found = machine / "mine/owner/name"
    found.mkdir(parents=True)
    for name, content in FILES.items():
        (found / name).write_bytes(content)
    assert voxq("pull", "hearing").split() == [str(machine / "models/hearing")]


def test_the_list_shows_which_models_are_installed(
    hub: Hub, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASR_MODEL", "hearing")
    monkeypatch.setenv("ASR_MODELS", "words=funasr:/models/words")
    voxq("pull", "commas")
    rows = {row["name"]: row for row in json.loads(voxq("list", "--json"))}
    assert set(rows) == {"hearing", "commas", "words", "hibari", "ge2e"}
    assert rows["hearing"]["default"]
    assert rows["hearing"]["path"] is None
    assert rows["hearing"]["needs"] == ["commas"]
    assert (rows["commas"]["role"], rows["commas"]["origin"]) == ("punctuation", "modelscope")
    assert (rows["words"]["engine"], rows["words"]["path"]) == ("funasr", "/models/words")
    shown = voxq("list")
    assert [name for name in rows if name not in shown] == []


def test_a_voice_that_comes_in_its_package_is_listed() -> None:
    rows = {row["name"]: row for row in json.loads(voxq("list", "--json"))}
    assert (rows["hibari"]["role"], rows["hibari"]["origin"]) == ("synthesiser", "packages")
    assert rows["hibari"]["languages"] == "English"
    assert "hibari" in voxq("list")
