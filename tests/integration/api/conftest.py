"""One API process for the tests that can share one. Its limits are low, so that tests reach them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from api_server import ApiServer, running_api
from task_lab import Lab
from valkey_lab import forgetful_server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this folder's own: `shared_api` writes to it for as long as tests of any folder run."""
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
    """The API on an empty Redis; its storage keeps what earlier tests left."""
    return shared_api


@pytest.fixture
def lab(api: ApiServer, client: redis.Redis) -> Lab:
    """The insides of `api`."""
    return api.lab(client)
