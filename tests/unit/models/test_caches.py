"""Models in the caches of the hubs' own tools, old and new, which are used without asking a hub."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import Hub, serving

from voxq.model_store.model import Hubs, ModelError
from voxq.model_store.published import find
from voxq.model_store.store import ModelStore

TOOLS = {
    "huggingface": "huggingface_hub",
    "modelscope": "modelscope_hub.compat.snapshot_download",
}


def store_of(home: Path, **environ: str) -> ModelStore:
    """Model store of a user with this home directory."""
    at_home = {"MODELSCOPE_CACHE": str(home / ".cache/modelscope"), "XDG_CACHE_HOME": str(home / ".cache")}
    return ModelStore(home / "voxq", [home / "mine"], {**at_home, **environ})


def lay(directory: Path, *names: str) -> Path:
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(b"x")
    return directory


@pytest.mark.parametrize("hub", TOOLS)
def test_models_downloaded_by_the_hubs_own_tools_are_found(tmp_path: Path, hub: str) -> None:
    """Fetch with the real tools from the loopback, into the layout of their installed versions."""
    module = TOOLS[hub]
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed")
    files = {"model.pt": b"weights", "config.yaml": b"a: 1", "Qwen3-0.6B/config.json": b"{}"}
    code = f"from {module} import snapshot_download; print(snapshot_download('owner/name'))"
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "HUGGINGFACE_", "MODELSCOPE_", "XDG_"))
    }
    with serving(Hub(files)) as server:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={
                **environ,
                "HOME": str(tmp_path),
                "HF_ENDPOINT": server.url,
                "MODELSCOPE_ENDPOINT": server.url,
                "NO_PROXY": "127.0.0.1",
            },
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    found = store_of(tmp_path).resolve("owner/name")
    assert str(found) == done.stdout.strip().splitlines()[-1]
    assert {path: (found / path).read_bytes() for path in files} == files


@pytest.mark.parametrize(
    "place",
    [
        "mine/iic/SenseVoiceSmall",
        "mine/models/iic/SenseVoiceSmall",
        ".cache/modelscope/hub/iic/SenseVoiceSmall",
        ".cache/modelscope/hub/models/iic/SenseVoiceSmall",
        ".cache/modelscope/models/iic/SenseVoiceSmall",
        ".cache/modelscope/models/iic--SenseVoiceSmall/snapshots/master",
        ".cache/modelscope/models/iic--SenseVoiceSmall/snapshots/v1.0",
        ".cache/huggingface/hub/models--FunAudioLLM--SenseVoiceSmall/snapshots/2b05887",
    ],
)
def test_every_layout_is_known(tmp_path: Path, place: str) -> None:
    source = find("sensevoice").source
    assert isinstance(source, Hubs)
    store = store_of(tmp_path)
    directory = lay(tmp_path / place, *source.required[1:])
    with pytest.raises(ModelError, match="voxq models pull sensevoice"):
        store.resolve("sensevoice")  # a file is missing
    lay(directory, source.required[0])
    for name in ("sensevoice", "iic/SenseVoiceSmall", "FunAudioLLM/SenseVoiceSmall"):
        assert store.resolve(name) == directory
    assert [(model.name, model.origin) for model in store.list()] == [("sensevoice", "found")]


def test_modelscopes_spelling_of_dots_is_known(tmp_path: Path) -> None:
    directory = lay(tmp_path / ".cache/modelscope/hub/models/owner/model-1___5", "model.pt")
    assert store_of(tmp_path).resolve("owner/model-1.5") == directory


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"])
def test_hugging_faces_variables_are_honoured(tmp_path: Path, variable: str) -> None:
    place = tmp_path / "elsewhere" / ("hub" if variable == "HF_HOME" else "")
    directory = lay(place / "models--owner--name/snapshots/abc", "model.pt")
    assert store_of(tmp_path, **{variable: str(tmp_path / "elsewhere")}).resolve("owner/name") == directory


def test_the_snapshot_of_the_main_branch_comes_before_newer_ones(tmp_path: Path) -> None:
    repository = tmp_path / ".cache/huggingface/hub/models--owner--name"
    named = lay(repository / "snapshots/aaa", "model.pt")
    newer = lay(repository / "snapshots/bbb", "model.pt")
    os.utime(named, (1, 1))
    assert store_of(tmp_path).resolve("owner/name") == newer
    (lay(repository, "refs/main") / "refs/main").write_text("aaa\n")
    assert store_of(tmp_path).resolve("owner/name") == named


@pytest.mark.parametrize("ref", [b"../../../mine", b"\xff\xfe", b"", b"/etc"])
def test_an_invalid_ref_does_not_leave_the_cache(tmp_path: Path, ref: bytes) -> None:
    repository = tmp_path / ".cache/huggingface/hub/models--owner--name"
    directory = lay(repository / "snapshots/aaa", "model.pt")
    (lay(repository, "refs/main") / "refs/main").write_bytes(ref)
    assert store_of(tmp_path).resolve("owner/name") == directory


def test_models_installed_by_voxq_come_first(tmp_path: Path) -> None:
    lay(tmp_path / "mine/owner/name", "model.pt")
    with serving(Hub({"model.pt": b"ours"})) as server:
        store = store_of(tmp_path, HF_ENDPOINT=server.url)
        installed = store.install("owner/name", "huggingface")
    assert store.resolve("owner/name") == installed.path
