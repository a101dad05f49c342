"""The embedded server as the supervisor runs it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from own_port import own_port
from redis import Redis

from voxq.queue.redis_check import ServerUnusable, check_server, describe
from voxq.settings import Settings
from voxq.supervisor.supervisor import Supervisor
from voxq.supervisor.valkey import Address, claim_address, configuration, valkey_part


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(storage_path=tmp_path / 'with "quotes" and spaces')
    made.run_dir.mkdir(parents=True)
    return made


@contextmanager
def server(settings: Settings) -> Iterator[Address]:
    address = claim_address(settings.run_dir)
    supervisor = Supervisor(60, lambda pids: None)
    supervisor.start()
    supervisor.add(valkey_part(settings, address, 0))
    try:
        info = check_server(address.url, 60)
        assert describe(info).startswith("Valkey")
        yield address
    finally:
        supervisor.stop()


def test_data_address_and_secret_survive_a_restart(settings: Settings) -> None:
    with server(settings) as first, Redis.from_url(first.url) as redis:
        redis.set("task", "queued")
    with server(settings) as second, Redis.from_url(second.url) as redis:
        assert second == first
        assert redis.get("task") == b"queued"


def test_the_password_is_required_and_not_shown_in_messages(settings: Settings) -> None:
    with server(settings) as address:
        with pytest.raises(ServerUnusable, match="password"):
            check_server(f"redis://127.0.0.1:{address.port}")
        with pytest.raises(ServerUnusable) as told:
            check_server(f"redis://:wrong-one@127.0.0.1:{address.port}")
        assert "wrong-one" not in str(told.value)


def test_an_evicting_server_is_refused(settings: Settings) -> None:
    with server(settings) as address, Redis.from_url(address.url) as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(ServerUnusable, match="noeviction"):
            check_server(address.url)


def test_if_its_port_is_in_use_a_new_one_is_chosen_with_the_same_password(settings: Settings) -> None:
    first = claim_address(settings.run_dir)
    with socket.create_server(("127.0.0.1", first.port)):
        second = claim_address(settings.run_dir)
    assert second.port != first.port
    assert second.password == first.password


@pytest.mark.usefixtures("open_umask")
def test_secrets_are_in_private_files_only(settings: Settings) -> None:
    address = claim_address(settings.run_dir)
    part = valkey_part(settings, address, 0)
    assert {path.name for path in settings.run_dir.iterdir()} == {"valkey.json", "valkey.conf"}
    assert not any(address.password in argument for argument in part.argv)
    for path in settings.run_dir.iterdir():
        assert path.stat().st_mode & 0o077 == 0
    assert settings.redis_dir.stat().st_mode & 0o077 == 0


def test_fsync_writes_through_always() -> None:
    address = Address(1, "x")
    assert "appendfsync always" in configuration(address, Path("/d"), Path("/l"), fsync=True)
    assert "appendfsync everysec" in configuration(address, Path("/d"), Path("/l"), fsync=False)


def test_an_unreachable_server_is_reported_without_secrets() -> None:
    port = own_port()
    with pytest.raises(ServerUnusable, match=f"127.0.0.1:{port}") as told:
        check_server(f"redis://:topsecret@127.0.0.1:{port}", patience=0)
    assert "topsecret" not in str(told.value)
