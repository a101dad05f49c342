from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from voxq.model_store import published
from voxq.model_store.model import Model, ModelError, PackagedFile, Packages
from voxq.model_store.published import UnknownModel
from voxq.model_store.stamp import NAME, revision_of
from voxq.model_store.store import ModelStore

PARTS = (b"first half, " * 1000, b"second half" * 1000)
WHOLE = b"".join(PARTS)


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Catalogue model in two real importable packages."""
    for number, part in enumerate(PARTS, 1):
        package = tmp_path / "site" / f"voxq_test_part{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "half").write_bytes(part)
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()
    parts = ("voxq_test_part1:half", "voxq_test_part2:half")
    file = PackagedFile("model.bin", len(WHOLE), hashlib.sha256(WHOLE).hexdigest(), parts)
    model = Model("test", "noop", Packages(("voxq-test",), (file,)), "MIT", "-", 1)
    monkeypatch.setattr(published, "MODELS", (model,))
    return model


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Model store with its own caches, since the user's may contain anything."""
    caches = {"HF_HOME": str(tmp_path / "hf"), "MODELSCOPE_CACHE": str(tmp_path / "modelscope")}
    return ModelStore(tmp_path / "models", environ=caches)


def test_a_packaged_model_is_assembled_on_request(packaged: Model, store: ModelStore) -> None:
    assert store.list() == []
    path = store.resolve("Test")
    assert (path / "model.bin").read_bytes() == WHOLE
    assert [(m.name, m.origin) for m in store.list()] == [("test", "packages")]
    assert sorted(p.name for p in store.directory.iterdir()) == [".test.lock", "test"]


def test_doing_it_again_writes_nothing(packaged: Model, store: ModelStore) -> None:
    file = store.resolve("test") / "model.bin"
    before = file.stat()
    store.install("test")
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", ["truncate", "delete", "stamp", "garbage stamp", "wrong stamp"])
def test_a_damaged_model_is_installed_again(packaged: Model, store: ModelStore, damage: str) -> None:
    path = store.resolve("test")
    match damage:
        case "truncate":
            (path / "model.bin").write_bytes(b"short")
        case "delete":
            (path / "model.bin").unlink()
        case "stamp":
            (path / NAME).unlink()
        case "garbage stamp":
            (path / NAME).write_text("{")
        case "wrong stamp":
            (path / NAME).write_text(json.dumps({"unknown": 1}))
    assert (store.resolve("test") / "model.bin").read_bytes() == WHOLE


def test_a_missing_package_is_named(packaged: Model, store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "site/voxq_test_part2/half").unlink()
    with pytest.raises(ModelError, match="pip install voxq-test"):
        store.resolve("test")


def test_a_damaged_package_is_reported(packaged: Model, store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "site/voxq_test_part1/half").write_bytes(b"other")
    with pytest.raises(ModelError, match="Reinstall voxq-test"):
        store.resolve("test")
    assert not (store.directory / "test").exists()


def test_an_unwritable_directory_is_reported(packaged: Model, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be stored"):
        ModelStore(tmp_path / "file" / "models", environ={}).resolve("test")


def test_processes_that_install_concurrently_all_succeed(tmp_path: Path) -> None:
    """Install the real whisper-base from four processes at once."""
    code = "import sys; from pathlib import Path; from voxq.model_store.store import ModelStore;"
    code += "print(ModelStore(Path(sys.argv[1])).resolve('whisper-base'))"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=120)[0].strip() for process in running]
    assert outputs == [str(tmp_path / "whisper-base")] * 4
    assert [process.returncode for process in running] == [0] * 4
    with (tmp_path / "whisper-base/model.bin").open("rb") as model:
        digest = hashlib.file_digest(model, "sha256").hexdigest()
    assert digest == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


def test_unknown_names_are_refused_with_the_known_ones(store: ModelStore) -> None:
    with pytest.raises(UnknownModel, match=r"whisper-base.*whisper-large-v3"):
        store.resolve("whisper-gigantic")


def test_a_missing_model_is_reported_with_the_command_that_installs_it(store: ModelStore) -> None:
    with pytest.raises(ModelError, match="voxq models pull whisper-small"):
        store.resolve("small")


def test_the_operator_may_name_a_directory(store: ModelStore, tmp_path: Path) -> None:
    assert store.resolve(str(tmp_path)) == tmp_path.resolve()
    with pytest.raises(ModelError, match="no model directory"):
        store.resolve(str(tmp_path / "missing"))


@pytest.mark.parametrize("name", ["../x", "a/../b", "a/b/c", "..", "", "a\0b", "-rf", "a b"])
def test_names_are_no_paths(store: ModelStore, name: str) -> None:
    with pytest.raises((UnknownModel, ModelError)):
        store.resolve(name)


def test_a_revision_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"1")
    first = revision_of(tmp_path)
    assert revision_of(tmp_path) == first
    (tmp_path / "model.bin").write_bytes(b"22")
    assert revision_of(tmp_path) != first
