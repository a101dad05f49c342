"""Download protocols of both hubs, against a server on the loopback."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import Hub, serving
from hypothesis import given
from hypothesis import strategies as st

from voxq.back_off import BackOff
from voxq.model_store import hub as hubs
from voxq.model_store import published
from voxq.model_store.model import Hubs, Model, ModelError
from voxq.model_store.store import ModelStore

FILES = {
    "model.bin": random.Random(1).randbytes(300_000),
    "config.json": b'{"a": 1}',
    "sub/with space.txt": "音".encode(),
    "empty": b"",
}


@pytest.fixture
def server() -> Iterator[Hub]:
    with serving(Hub(dict(FILES))) as running:
        yield running


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "_RETRIES", BackOff((0.001,) * 4))


@pytest.fixture(params=hubs.HUBS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def store_of(server: Hub, directory: Path, **environ: str) -> ModelStore:
    mirrors = {
        "HF_ENDPOINT": f"{server.url}/",
        "MODELSCOPE_DOMAIN": server.url,
        "HF_HOME": str(directory / "hf"),
    }
    return ModelStore(directory, environ={**mirrors, **environ})


def downloads(server: Hub) -> list[str]:
    return [path for path, _ in server.requests if "FilePath" in path or "/storage/" in path]


def test_a_repository_arrives_whole(server: Hub, tmp_path: Path, name: str) -> None:
    progress: list[tuple[int, int]] = []
    store = store_of(server, tmp_path)
    model = store.install("owner/name", name, lambda done, total: progress.append((done, total)))
    assert {path: (model.path / path).read_bytes() for path in FILES} == FILES
    total = sum(map(len, FILES.values()))
    assert progress[-1] == (total, total)
    assert store.resolve("owner/name") == model.path
    assert [(m.name, m.origin) for m in store.list()] == [("owner/name", name)]


@pytest.mark.parametrize("path", ["model.bin", "config.json"])
def test_content_that_the_catalogue_knows_must_arrive(
    server: Hub, tmp_path: Path, name: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the hub says of it: small files of Hugging Face have no SHA-256 there."""

    def install(digests: dict[str, str]) -> None:
        source = Hubs({name: "owner/name"}, ("model.bin", "config.json"), digests=digests)
        monkeypatch.setattr(published, "MODELS", (Model("known", "noop", source, "MIT", "-", 1),))
        store_of(server, tmp_path).install("known")

    with pytest.raises(ModelError, match=f"{path} of owner/name is not of the revision that VoxQ knows"):
        install({path: hashlib.sha256(b"another").hexdigest()})
    install({path: hashlib.sha256(FILES[path]).hexdigest()})


def test_the_second_time_the_hub_is_not_contacted(server: Hub, tmp_path: Path, name: str) -> None:
    store = store_of(server, tmp_path)
    first = store.install("owner/name", name)
    server.requests.clear()
    assert store.install("owner/name", name) == first
    assert server.requests == []


def test_broken_connections_are_resumed(server: Hub, tmp_path: Path, name: str) -> None:
    server.truncate_after = 80_000  # four pieces
    model = store_of(server, tmp_path).install("owner/name", name)
    assert (model.path / "model.bin").read_bytes() == FILES["model.bin"]
    ranges = [
        headers["Range"] for path, headers in server.requests if "Range" in headers and "resolve" not in path
    ]
    assert ranges == ["bytes=80000-", "bytes=160000-", "bytes=240000-"]


def test_a_later_call_resumes_an_earlier_download(server: Hub, tmp_path: Path, name: str) -> None:
    store = store_of(server, tmp_path)
    server.truncate_after = 10_000
    with pytest.raises(ModelError, match="kept"):
        store.install("owner/name", name)
    assert not (tmp_path / "owner/name").exists()
    server.truncate_after = None
    server.requests.clear()
    store.install("owner/name", name)
    assert any(headers.get("Range") == "bytes=50000-" for _, headers in server.requests)


def test_a_server_without_ranges_starts_again(server: Hub, tmp_path: Path, name: str) -> None:
    store = store_of(server, tmp_path)
    server.truncate_after = 10_000
    with pytest.raises(ModelError):
        store.install("owner/name", name)
    server.truncate_after, server.ranges = None, False
    progress: list[tuple[int, int]] = []
    model = store.install("owner/name", name, lambda done, total: progress.append((done, total)))
    assert (model.path / "model.bin").read_bytes() == FILES["model.bin"]
    assert progress[-1][0] == progress[-1][1]


@pytest.mark.parametrize("path", ["model.bin", "config.json"])
def test_a_file_with_other_content_is_refused_and_removed(
    server: Hub, tmp_path: Path, name: str, path: str
) -> None:
    server.serve[path] = bytes(len(FILES[path]))
    store = store_of(server, tmp_path)
    with pytest.raises(ModelError, match="checksum"):
        store.install("owner/name", name)
    assert not (tmp_path / "owner/name").exists()
    server.serve.clear()
    assert (store.install("owner/name", name).path / path).read_bytes() == FILES[path]


def test_a_file_longer_than_promised_is_cut_off(server: Hub, tmp_path: Path, name: str) -> None:
    server.serve["model.bin"] = bytes(50_000_000)
    with pytest.raises(ModelError, match="longer"):
        store_of(server, tmp_path).install("owner/name", name)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 2_000_000


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil"])
def test_a_listing_cannot_write_elsewhere(server: Hub, tmp_path: Path, name: str, path: str) -> None:
    server.files[path] = b"evil"
    with pytest.raises(ModelError, match="unsafe"):
        store_of(server, tmp_path / "store").install("owner/name", name)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "listing", [["x"], {"x": 1}, {"Data": {"Files": [{}]}}, {"sha": "x", "siblings": [{}]}, "x"]
)
def test_an_invalid_listing_is_an_error(server: Hub, tmp_path: Path, name: str, listing: object) -> None:
    server.listing = listing
    with pytest.raises(ModelError, match="not a list of files"):
        store_of(server, tmp_path).install("owner/name", name)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_of_the_hub_is_reported(server: Hub, tmp_path: Path, name: str, status: int) -> None:
    server.status = status
    with pytest.raises(ModelError, match=str(status)):
        store_of(server, tmp_path).install("owner/name", name)


def test_an_unreachable_hub_is_reported(tmp_path: Path, name: str) -> None:
    with serving(Hub({})) as gone:
        pass
    with pytest.raises(ModelError, match="cannot be reached"):
        store_of(gone, tmp_path).install("owner/name", name)


def test_a_partial_download_of_other_content_is_discarded(server: Hub, tmp_path: Path, name: str) -> None:
    """Resume after the repository has changed, or after a download from the other hub."""
    store = store_of(server, tmp_path)
    server.truncate_after = 10_000
    with pytest.raises(ModelError, match="kept"):
        store.install("owner/name", name)
    server.truncate_after = None
    server.files["model.bin"] = changed = random.Random(2).randbytes(300_000)
    progress: list[tuple[int, int]] = []
    model = store.install("owner/name", name, lambda done, total: progress.append((done, total)))
    assert (model.path / "model.bin").read_bytes() == changed
    assert progress[-1][0] == progress[-1][1]


def test_leftovers_of_earlier_downloads_are_not_installed(server: Hub, tmp_path: Path) -> None:
    store = store_of(server, tmp_path)
    server.truncate_after = 10_000
    with pytest.raises(ModelError, match="kept"):
        store.install("owner/name", "modelscope")
    server.truncate_after = None
    server.files["weights.pt"] = server.files.pop("model.bin")
    model = store.install("owner/name", "modelscope")
    assert not (model.path / "model.bin").exists()


@pytest.mark.parametrize("variable", ["MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"])
def test_modelscopes_old_and_new_variable_name_a_mirror(server: Hub, tmp_path: Path, variable: str) -> None:
    store = ModelStore(tmp_path, environ={variable: server.url, "HF_HOME": str(tmp_path / "hf")})
    assert store.install("owner/name", "modelscope").origin == "modelscope"


def test_the_next_hub_is_used_if_one_fails(server: Hub, tmp_path: Path) -> None:
    with serving(Hub({})) as gone:
        pass
    store = store_of(server, tmp_path, HF_ENDPOINT=gone.url)
    assert store.install("owner/name").origin == "modelscope"
    with pytest.raises(ModelError, match=r"cannot be reached.*\(hub: huggingface\)"):
        store_of(server, tmp_path / "other", HF_ENDPOINT=gone.url).install("owner/name", "huggingface")


def test_a_repository_without_a_file_that_is_needed_is_not_installed(server: Hub, tmp_path: Path) -> None:
    from voxq.model_store.download import Wanted, download
    from voxq.model_store.model import Hubs

    source = Hubs({"huggingface": "owner/name"}, required=("am.mvn", "config.json"))
    with pytest.raises(ModelError, match=r"owner/name lacks am\.mvn"):
        download(Wanted(source), None, {"HF_ENDPOINT": server.url}, tmp_path, lambda done, total: None)
    assert downloads(server) == []


def test_only_the_files_that_are_needed_are_fetched(server: Hub, tmp_path: Path) -> None:
    """Fetch a Whisper model of the catalogue, which needs only CTranslate2's files."""
    from voxq.model_store.download import Wanted, download
    from voxq.model_store.model import Hubs

    source = Hubs({"huggingface": "owner/name"}, ("config.json", "model.bin"))
    stamp = download(Wanted(source), None, {"HF_ENDPOINT": server.url}, tmp_path, lambda done, total: None)
    assert set(stamp.files) == {"config.json", "model.bin"}
    assert len(downloads(server)) == 2


def test_the_token_goes_to_the_hub(server: Hub, tmp_path: Path) -> None:
    store_of(server, tmp_path, HF_TOKEN="t0ken").install("owner/name", "huggingface")
    assert all(headers.get("Authorization") == "Bearer t0ken" for _, headers in server.requests)


def test_an_unknown_hub_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="huggingface, modelscope"):
        ModelStore(tmp_path, environ={}).install("owner/name", "elsewhere")


@given(st.text(max_size=40))
def test_a_safe_path_stays_inside(path: str) -> None:
    root = Path("/srv/of/model")
    try:
        safe = hubs.safe_path(path)
    except hubs.HubError:
        return
    assert (root / safe).is_relative_to(root)
    assert ".." not in (root / safe).parts
