"""What tests everywhere share: a real Valkey server on a free port of the loopback."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path

import evidence
import pytest
import redis
from hypothesis import HealthCheck, settings
from valkey_lab import forgetful_server, patient_client

import voxq.kinds  # noqa: F401 - registers every kind

# No test depends on what is outside, nor what it starts: hubs are asked only where a test names one.
os.environ["HF_HUB_OFFLINE"] = "1"
# Nor on the language of the machine: a test that is about another one says so.
os.environ["VOXQ_LANG"] = "en"

# An example may take long only because other processes do something: on its own it is never a failure.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, so that a change is judged by what it changes. Others, to find what nobody has
# thought of: `pytest --hypothesis-profile=search`.
settings.register_profile("patient", settings.get_profile("search"), derandomize=True)
settings.load_profile("patient")

# Not importorskip: it imports torch, which takes seconds in every process of pytest's.
_HAS_FUNASR = find_spec("funasr") is not None

_HAS_SHERPA = _HAS_FUNASR and find_spec("sherpa_onnx") is not None  # its models are made of FunASR's

collect_ignore_glob = [] if _HAS_FUNASR else ["integration/test_funasr*.py", "integration/test_presets.py"]
collect_ignore_glob += [] if _HAS_SHERPA else ["integration/test_sherpa_*.py"]


_FOLDERS = ("unit", "integration", "faults", "security")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test bears the name of its folder as a marker: `pytest -m "integration and not slow"`."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _FOLDERS:
            item.add_marker(folder)


def pytest_report_header() -> str | None:
    missing = {"funasr": _HAS_FUNASR, "sherpa": _HAS_SHERPA}
    left_out = " and ".join(name for name, is_there in missing.items() if not is_there)
    return f"left out: the tests of the extras {left_out}, which are not installed" if left_out else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what its processes have logged meanwhile."""
    report = yield
    if report.failed:
        report.sections += evidence.tails(call.duration)
    return report


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let others have whatever a file's creator does not deny them, whoever runs the tests."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server for the whole run, without persistence. Tests take `redis_url` or `client`."""
    with forgetful_server(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def redis_url(valkey: str) -> str:
    """The URL of an empty database."""
    with patient_client(valkey) as connection:
        connection.flushall()
        connection.script_flush()
    return valkey


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty database; it answers text, as this service's own clients do."""
    with patient_client(redis_url) as connection:
        yield connection
