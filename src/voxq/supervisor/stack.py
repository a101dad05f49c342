"""A complete service on one machine: a Redis server, workers and the API, kept running together."""

from __future__ import annotations

import http.client
import os
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from loguru import logger

from voxq.locale import Message, about
from voxq.machine.devices import DeviceError
from voxq.model_catalogue import missing_for
from voxq.settings import Settings, SettingsError
from voxq.settings.redis_address import place
from voxq.supervisor import orphaned_claims
from voxq.supervisor.instance import AlreadyRunning, Instance, exclusive, lives_left
from voxq.supervisor.ports import is_free
from voxq.supervisor.programs import REDIS_STAGE, api_part, worker_parts
from voxq.supervisor.supervisor import Supervisor
from voxq.supervisor.valkey import Address, NoServerBinary, claim_address, is_loaded, valkey_part

_VALKEY_START_SECONDS = 30.0
_VALKEY_LOOK_SECONDS = 0.02
_REDIS_PATIENCE_SECONDS = 5.0
_HOPELESS_DEATHS = 3
_LOOK_EVERY_SECONDS = 0.1
_ANSWER_SECONDS = 2.0
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
        return self._given.api_url

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
        except (AlreadyRunning, DeviceError, NoServerBinary, SettingsError) as error:
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
        # The standard library's client: a process that lives as long as the service needs no more than that.
        api = http.client.HTTPConnection(urlsplit(self.api_url).netloc, timeout=_ANSWER_SECONDS)
        try:
            with closing(api):
                api.request("GET", "/health")
                return api.getresponse().status == 200
        except (OSError, http.client.HTTPException):
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
            address = claim_address(settings.run_dir)
            self._redis_url = address.url  # before the server's start, which is recorded with it
            server = [valkey_part(settings, address, REDIS_STAGE)]
            settings = settings.model_copy(update={"redis_url": address.url})
        else:
            _check(settings.redis_url)
            address, server = None, []
        # The others start beside the embedded server: it is there before they look for it.
        self._supervisor.add(*server, *worker_parts(settings), api_part(settings))
        if address is not None:
            _await_valkey(address, settings.run_dir / "valkey.log")
        for life in left:
            threading.Thread(target=orphaned_claims.settle, args=(settings, life), daemon=True).start()
        self._recorded.wait(_RECORD_SECONDS)  # whoever is told of the stack finds its record

    def _record(self, pids: dict[str, int]) -> None:
        try:
            lives = self._supervisor.lives() if self._supervisor else ()
            instance = Instance(os.getpid(), self.api_url, self._redis_url, pids, lives)
            instance.write(self._given.run_dir)
        except OSError as error:  # a full disk; the parts are unaffected
            logger.warning("cannot write {}/up.json: {}", self._given.run_dir, error.strerror)
        self._recorded.set()


def _check(redis_url: str) -> None:
    """Check a server of somebody else. Raises StackError."""
    # Imported here, because the client takes as much memory as all else here.
    from voxq.queue.redis_check import ServerUnusable, check_server

    try:
        check_server(redis_url, _REDIS_PATIENCE_SECONDS)
    except ServerUnusable as error:
        raise StackError(str(error)) from error


def _await_valkey(address: Address, log: Path) -> None:
    """Wait until the embedded server has started. Raises StackError."""
    deadline = time.monotonic() + _VALKEY_START_SECONDS
    while not is_loaded(address):
        if time.monotonic() > deadline:
            silence = Message("{url} does not answer ({kind}).", url=place(address.url), kind="TimeoutError")
            said = log.read_text(errors="replace").splitlines()[-1:] if log.exists() else []
            raise StackError(
                Message(
                    "The embedded server does not start: {said}",
                    said="".join(said) or silence,
                )
            )
        time.sleep(_VALKEY_LOOK_SECONDS)
