"""A complete service on one machine: a Redis server, workers and the API, kept running together."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx
from loguru import logger

from voxq.locale import Message, about
from voxq.machine.devices import DeviceError
from voxq.model_catalogue import missing_for
from voxq.queue.redis_check import ServerUnusable, check_server
from voxq.settings import Settings, SettingsError
from voxq.supervisor import orphaned_claims
from voxq.supervisor.instance import AlreadyRunning, Instance, exclusive, lives_left
from voxq.supervisor.ports import is_free
from voxq.supervisor.programs import REDIS_STAGE, api_part, worker_parts
from voxq.supervisor.supervisor import Supervisor
from voxq.supervisor.valkey import NoServerBinary, claim_address, valkey_part

_VALKEY_START_SECONDS = 30.0
_REDIS_PATIENCE_SECONDS = 5.0
_HOPELESS_DEATHS = 3
_LOOK_EVERY_SECONDS = 0.25
_RECORD_SECONDS = 5.0


class StackError(Exception):
    """The stack cannot run; the message says why and what to change."""


class Stack:
    """A context manager inside which the service runs.

    Its storage directory is locked exclusively. However the process ends, all parts end with it.
    """

    def __init__(self, settings: Settings, output: Path | None = None) -> None:
        """`output` receives the parts' stdout and stderr; with None they inherit ours."""
        self._given = settings
        self._output = output
        self._exit = ExitStack()
        self._supervisor: Supervisor | None = None
        self._redis_url = settings.redis_url or ""
        self._recorded = threading.Event()

    @property
    def api_url(self) -> str:
        return api_url(self._given)

    @property
    def redis_url(self) -> str:
        """URL with the password, for clients on this machine. Empty before an embedded server has started."""
        return self._redis_url

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the stack and return when Redis is up and the other parts are starting. Raises StackError."""
        try:
            self._start()
        except (AlreadyRunning, DeviceError, NoServerBinary, ServerUnusable, SettingsError) as error:
            self.stop()
            raise StackError(str(error)) from error
        except OSError as error:
            self.stop()
            where = error.filename or Message("The system")
            raise StackError(about(where, error.strerror or error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the API, then the workers, then the server, within SHUTDOWN_SECONDS and a few seconds more."""
        self._exit.close()

    def hurry(self) -> None:
        """Kill whatever is still stopping."""
        if self._supervisor is not None:
            self._supervisor.hurry()

    def is_ready(self) -> bool:
        """Whether tasks would be processed now: the API answers, and a worker has its model."""
        try:
            return httpx.get(f"{self.api_url}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def wait_ready(self, seconds: float) -> None:
        """Wait until `is_ready`. Raises StackError after `seconds`, or if a part keeps dying."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self._supervisor is not None and self._supervisor.deaths() >= _HOPELESS_DEATHS:
                raise StackError(self._with_output(Message("A process of the service does not start.")))
            if time.monotonic() > deadline:
                raise StackError(
                    self._with_output(
                        Message("The service is not ready after {seconds:.0f} s.", seconds=seconds)
                    )
                )
            time.sleep(_LOOK_EVERY_SECONDS)

    def _with_output(self, message: Message) -> Message:
        """Add the last error line of the parts' output, if that is kept."""
        if self._output is None:
            return message
        lines = self._output.read_text(errors="replace").splitlines()
        errors = [line for line in lines if "error: " in line or "] ERROR " in line]
        return Message.joined(" ", (message, (errors or lines or [""])[-1]))

    def _start(self) -> None:
        self._given.check_exposure()
        if missing := missing_for(self._given):
            raise StackError(missing.advice)
        settings = self._given.model_copy(update={"storage_path": self._given.storage_path.absolute()})
        lock = self._exit.enter_context(exclusive(settings.run_dir, settings.shutdown_seconds))
        if not is_free(settings.api_host, settings.api_port):
            raise StackError(
                Message(
                    "Port {api_port} on {api_host} is in use or not permitted: set API_PORT to another.",
                    api_port=settings.api_port,
                    api_host=settings.api_host,
                )
            )
        left = lives_left(settings.run_dir)  # read before our own are written
        output = self._exit.enter_context(self._output.open("wb")) if self._output else None
        self._supervisor = Supervisor(settings.shutdown_seconds, self._record, output, [lock])
        self._supervisor.start()
        self._exit.callback(self._supervisor.stop)
        if settings.redis_url is None:
            settings = self._start_valkey(settings, self._supervisor)
        else:
            check_server(settings.redis_url, _REDIS_PATIENCE_SECONDS)
        for life in left:
            threading.Thread(target=orphaned_claims.settle, args=(settings, life), daemon=True).start()
        self._recorded.clear()
        self._supervisor.add(*worker_parts(settings), api_part(settings))
        self._recorded.wait(_RECORD_SECONDS)  # whoever is told of the stack finds its record

    def _start_valkey(self, settings: Settings, supervisor: Supervisor) -> Settings:
        """Start the embedded server and return the settings with its address."""
        address = claim_address(settings.run_dir)
        self._redis_url = address.url  # before its start, which is recorded with it
        supervisor.add(valkey_part(settings, address, REDIS_STAGE))
        try:
            check_server(address.url, _VALKEY_START_SECONDS)
        except ServerUnusable as error:
            log = settings.run_dir / "valkey.log"
            said = log.read_text(errors="replace").splitlines()[-1:] if log.exists() else []
            raise StackError(
                Message("The embedded server does not start: {said}", said="".join(said) or error)
            ) from None
        return settings.model_copy(update={"redis_url": address.url})

    def _record(self, pids: dict[str, int]) -> None:
        try:
            lives = self._supervisor.lives() if self._supervisor else ()
            instance = Instance(os.getpid(), self.api_url, self._redis_url, pids, lives)
            instance.write(self._given.run_dir)
        except OSError as error:  # a full disk; the parts are unaffected
            logger.warning("cannot write {}/up.json: {}", self._given.run_dir, error.strerror)
        self._recorded.set()


def api_url(settings: Settings) -> str:
    """Return the URL of the API for clients on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.api_host, settings.api_host)  # noqa: S104 (where to find it, not where to listen)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}"
