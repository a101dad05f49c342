"""One service for all attacks, which must survive them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from attacked import Attacked, attacked, end_of, said, submitted
from served import Served, serving
from valkey_lab import forgetful_server


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("attacked")) as service:
        yield service


@pytest.fixture
def service(shared_service: Attacked) -> Iterator[Attacked]:
    """Start the service; in the end it must still be running, without unexpected errors."""
    yield shared_service
    assert shared_service.api.http.get("/livez").status_code == 200
    assert all(worker.is_alive() for worker in shared_service.lab.workers)
    assert "Traceback" not in shared_service.logs()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("served")
    with forgetful_server(directory) as redis_url, serving(redis_url, directory) as ours:
        yield ours


@pytest.fixture
def anna(service: Attacked) -> Iterator[httpx.Client]:
    with service.client("anna") as client:
        yield client


@pytest.fixture
def ben(service: Attacked) -> Iterator[httpx.Client]:
    with service.client("ben") as client:
        yield client


@pytest.fixture
def recording(anna: httpx.Client) -> str:
    """Return the id of a recording of Anna's that has been recognised."""
    task_id = submitted(anna)
    assert end_of(anna, "asr", task_id) == "done"
    return task_id


@pytest.fixture
def speech(anna: httpx.Client) -> str:
    """Return the id of a text of Anna's that has been spoken."""
    task_id = said(anna, "Hello there.")
    assert end_of(anna, "tts", task_id) == "done"
    return task_id
