"""One API process for all tests that can share it. Its limits are low, so that tests reach them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from api_server import ApiServer, running_api
from task_lab import Lab
from valkey_lab import forgetful_server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server for this folder only: `shared_api` writes to it for as long as tests of any folder
    run."""
    with forgetful_server(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def shared_api(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    limits = {
        "MAX_UPLOAD_MB": "1",
        "MAX_AUDIO_SECONDS": "60",
        "MAX_QUEUE_SECONDS": "200",
        "OPENAI_TIMEOUT_SECONDS": "1",
    }
    with running_api(valkey, tmp_path_factory.mktemp("api"), **limits) as server:
        yield server


@pytest.fixture
def api(shared_api: ApiServer, redis_url: str) -> ApiServer:
    """Return the API with an empty Redis; its storage keeps files of earlier tests."""
    return shared_api


@pytest.fixture
def lab(api: ApiServer, client: redis.Redis) -> Lab:
    """Return the lab with the same stores as `api`."""
    return api.lab(client)
