"""Packaged models, which are fetched from a hub if one answers quickly."""

from __future__ import annotations

import hashlib
import importlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hub_server import Hub, serving

from voxq.back_off import BackOff
from voxq.model_store import hub, install, published
from voxq.model_store.model import Hubs, Model, ModelError, PackagedFile, Packages
from voxq.model_store.stamp import Stamp, revision_of
from voxq.model_store.store import ModelStore

WEIGHTS = b"weights, " * 50_000
SETTINGS = b'{"a": 1}'


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Model of two files, one in LFS and one in git, in a real importable package."""
    package = tmp_path / "site" / "voxq_test_whole"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    contents = {"model.bin": WEIGHTS, "config.json": SETTINGS}
    for name, content in contents.items():
        (package / name).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()
    monkeypatch.setattr(hub, "_RETRIES", BackOff((0.001,)))
    files = tuple(
        PackagedFile(name, len(content), hashlib.sha256(content).hexdigest(), (f"voxq_test_whole:{name}",))
        for name, content in contents.items()
    )
    names = tuple(contents)
    hubs = Hubs({"huggingface": "owner/name", "modelscope": "owner/name"}, names, required=names)
    known = Model("test", "noop", Packages(("voxq-test",), files), "MIT", "-", 1, otherwise=hubs)
    monkeypatch.setattr(published, "MODELS", (known,))
    return known


@pytest.fixture
def server() -> Iterator[Hub]:
    with serving(Hub({"model.bin": WEIGHTS, "config.json": SETTINGS, "README.md": b"-"})) as running:
        yield running


@pytest.fixture
def nobody() -> str:
    """URL of a port without a listener."""
    with serving(Hub({})) as gone:
        pass
    return gone.url


@pytest.fixture
def silent() -> Iterator[str]:
    """URL of a hub that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def store_at(directory: Path, huggingface: str, modelscope: str, **more: str) -> ModelStore:
    environ = {"HF_ENDPOINT": huggingface, "MODELSCOPE_ENDPOINT": modelscope}
    return ModelStore(directory / "models", environ=environ | {"HF_HOME": str(directory / "hf")} | more)


def origin(store: ModelStore) -> str:
    """Origin of the model, which must be complete and contain nothing else."""
    installed = store.install("test")
    assert (installed.path / "model.bin").read_bytes() == WEIGHTS
    assert (installed.path / "config.json").read_bytes() == SETTINGS
    assert {path.name for path in installed.path.iterdir()} == {"model.bin", "config.json", ".voxq.json"}
    return installed.origin


def test_a_hub_that_answers_is_preferred(model: Model, server: Hub, nobody: str, tmp_path: Path) -> None:
    assert origin(store_at(tmp_path, server.url, nobody)) == "huggingface"
    assert origin(store_at(tmp_path / "other", nobody, server.url)) == "modelscope"


def test_the_revision_is_that_of_the_content_wherever_it_came_from(
    model: Model, server: Hub, nobody: str, tmp_path: Path
) -> None:
    places = [(server.url, nobody), (nobody, server.url), (nobody, nobody)]
    stores = [store_at(tmp_path / str(number), *urls) for number, urls in enumerate(places)]
    paths = [store.install("test").path for store in stores]
    stamps = [Stamp.read(path) for path in paths]
    assert [stamp.origin for stamp in stamps if stamp] == ["huggingface", "modelscope", "packages"]
    assert len({revision_of(path) for path in paths}) == 1


def test_without_a_hub_the_package_is_used(model: Model, nobody: str, tmp_path: Path) -> None:
    assert origin(store_at(tmp_path, nobody, nobody)) == "packages"


def test_hubs_that_do_not_answer_cost_two_seconds(model: Model, silent: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert origin(store_at(tmp_path, silent, silent)) == "packages"
    assert 1.9 < time.monotonic() - begun < 10


def test_a_silent_hub_is_not_waited_for_if_another_responds(
    model: Model, silent: str, server: Hub, tmp_path: Path
) -> None:
    begun = time.monotonic()
    assert origin(store_at(tmp_path, silent, server.url)) == "modelscope"
    assert time.monotonic() - begun < 1.9


@pytest.mark.parametrize("path", ["model.bin", "config.json"])
def test_a_hub_with_another_revision_is_not_used(
    model: Model, server: Hub, nobody: str, tmp_path: Path, path: str
) -> None:
    server.files[path] = server.files[path].upper()
    assert origin(store_at(tmp_path, server.url, nobody)) == "packages"
    with pytest.raises(ModelError, match="not of the revision"):
        store_at(tmp_path / "other", server.url, nobody).install("test", "huggingface")


def test_a_hub_that_breaks_off_is_given_up(model: Model, server: Hub, nobody: str, tmp_path: Path) -> None:
    server.truncate_after = 1000
    assert origin(store_at(tmp_path, server.url, nobody)) == "packages"


def test_a_hub_that_is_too_slow_is_given_up(
    model: Model, server: Hub, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "_TRIAL", 0.0)
    monkeypatch.setattr(install, "_LONGEST", 0.0)
    assert origin(store_at(tmp_path, server.url, nobody)) == "packages"


@pytest.mark.parametrize("endpoint", ["not a url", "http://[", "ftp://127.0.0.1", "http://127.0.0.1:99999"])
def test_an_invalid_endpoint_is_skipped(model: Model, nobody: str, tmp_path: Path, endpoint: str) -> None:
    assert origin(store_at(tmp_path, endpoint, nobody)) == "packages"


def test_in_offline_mode_no_hub_is_contacted(model: Model, server: Hub, tmp_path: Path) -> None:
    assert origin(store_at(tmp_path, server.url, server.url, HF_HUB_OFFLINE="1")) == "packages"
    assert server.requests == []
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        other = store_at(tmp_path / "other", server.url, server.url, HF_HUB_OFFLINE="yes")
        other.install("test", "huggingface")


def test_a_start_contacts_no_hub(model: Model, server: Hub, tmp_path: Path) -> None:
    store = store_at(tmp_path, server.url, server.url)
    assert (store.resolve("test") / "model.bin").read_bytes() == WEIGHTS
    assert server.requests == []


def test_a_start_without_the_packages_says_what_to_do(model: Model, server: Hub, tmp_path: Path) -> None:
    (tmp_path / "site/voxq_test_whole/model.bin").unlink()
    store = store_at(tmp_path, server.url, server.url)
    with pytest.raises(ModelError, match="voxq models pull test"):
        store.resolve("test")
    assert origin(store) in hub.HUBS


def test_a_slow_hub_is_used_if_the_package_lacks_the_model(
    model: Model, server: Hub, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site/voxq_test_whole/model.bin").unlink()
    monkeypatch.setattr(install, "_HUB_PATIENCE", 0.0)
    assert origin(store_at(tmp_path, nobody, server.url)) == "modelscope"
    with pytest.raises(ModelError, match="pip install voxq-test No hub has it either"):
        store_at(tmp_path / "other", nobody, nobody).install("test")


def test_whisper_base_is_the_same_in_hubs_and_packages() -> None:
    known = published.find("whisper-base")
    assert isinstance(known.source, Packages)
    assert known.hubs is not None
    assert known.source.digests.keys() == set(known.hubs.required)
    assert replace(known, otherwise=None).hubs is None
