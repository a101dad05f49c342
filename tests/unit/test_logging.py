"""Logging, set up in child processes because it changes the umask and the sinks of the process."""

import os
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.logging import rotate_logs
from voxq.one_line import one_line
from voxq.settings import Settings

LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] (DEBUG|INFO|WARNING|ERROR) \S.*")


def run(code: str, storage: Path, **env: str) -> str:
    """Run code after the set-up of logging; returns its stderr."""
    script = (
        "import logging, sys\nfrom loguru import logger\nfrom voxq.logging import setup\n"
        f"from voxq.settings import Settings\nsetup('worker', Settings())\n{code}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "STORAGE_PATH": str(storage), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stderr


def test_lines_have_the_promised_form(tmp_path: Path) -> None:
    stderr = run("logger.info('Worker-1 task=abc123 status=started')", tmp_path)
    text = (tmp_path / "logs" / "asr_worker.log").read_text()
    assert LINE.fullmatch(text.rstrip("\n"))
    assert text.endswith("INFO Worker-1 task=abc123 status=started\n")
    assert stderr == text


def test_errors_are_also_in_the_error_log_and_level_holds(tmp_path: Path) -> None:
    run("logger.info('a'); logger.error('b'); logger.debug('c')", tmp_path)
    assert [line[-1] for line in (tmp_path / "logs" / "asr_worker.log").read_text().splitlines()] == [
        "a",
        "b",
    ]
    assert [line[-1] for line in (tmp_path / "logs" / "asr_error.log").read_text().splitlines()] == ["b"]


def test_the_standard_library_is_routed_in(tmp_path: Path) -> None:
    code = (
        "logging.getLogger('uvicorn.error').info('listening on %s', 'x')\n"
        "logging.getLogger('uvicorn.access').info('GET /')\nlogging.getLogger('rq.worker').info('chatter')\n"
        "logging.getLogger('httpcore.http11').debug('each step of each request')"
    )
    assert run(code, tmp_path, LOG_LEVEL="DEBUG").splitlines()[0].endswith("INFO listening on x")
    assert len((tmp_path / "logs" / "asr_worker.log").read_text().splitlines()) == 1


def test_no_line_can_be_forged_even_by_an_exception(tmp_path: Path) -> None:
    code = (
        "evil = 'x\\n[2025-01-01 00:00:00] INFO forged\\r\\x1b[2J\\u2028\\u202e'\n"
        "logger.info(evil)\nlogger.info('{}', evil)\n"
        "try:\n    raise ValueError(evil)\nexcept ValueError:\n    logger.exception('failed')"
    )
    run(code, tmp_path)
    lines = (tmp_path / "logs" / "asr_worker.log").read_text().split("\n")
    assert [line for line in lines if line.startswith("[") and "INFO forged" in line[:40]] == []
    assert len([line for line in lines if LINE.match(line)]) == 3
    assert all(line.startswith(("[", "    ")) for line in lines if line)
    assert "ValueError" in "".join(lines)


def test_braces_in_a_message_are_harmless(tmp_path: Path) -> None:
    run("logger.info('{0} {x} <red>')", tmp_path)
    assert "{0} {x} <red>" in (tmp_path / "logs" / "asr_worker.log").read_text()


def test_files_are_owner_only(tmp_path: Path) -> None:
    run("logger.error('x')", tmp_path)
    for path in [tmp_path / "logs", *(tmp_path / "logs").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_process_goes_on_in_the_new_file_after_rotation(tmp_path: Path) -> None:
    code = (
        "from datetime import datetime, UTC\nfrom voxq.logging import rotate_logs\n"
        "logger.info('before' + '.' * 2000)\nrotate_logs(Settings(), datetime.now(UTC))\nlogger.info('after')"
    )
    run(code, tmp_path, LOG_ROTATION="1 KB")
    assert (tmp_path / "logs" / "asr_worker.log").read_text().endswith("INFO after\n")
    (old,) = (tmp_path / "logs").glob("asr_worker.*.log")
    assert "before" in old.read_text()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("LOG_ROTATION", raising=False)
    (tmp_path / "logs").mkdir()
    return Settings(storage_path=tmp_path, log_rotation="1 KB", log_retention="2 days")


def test_rotation_leaves_small_files_and_loses_nothing(settings: Settings) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    (settings.logs_dir / "asr_api.log").write_text("small")
    for text in ("1" * 1024, "2" * 1024):  # twice within one second
        (settings.logs_dir / "asr_worker.log").write_text(text)
        assert rotate_logs(settings, now) == []
    kept = {path.name: path.read_text()[:1] for path in settings.logs_dir.iterdir()}
    assert kept == {
        "asr_api.log": "s",
        "asr_worker.20260102T030405Z.log": "1",
        "asr_worker.20260102T030405Z-1.log": "2",
    }


def test_excessive_logging_does_not_fill_the_disk(settings: Settings) -> None:
    now = datetime.now(UTC)
    for age in range(60):
        path = settings.logs_dir / f"asr_api.20260101T0000{age:02}Z.log"
        path.write_text("x")
        written = (now - timedelta(minutes=age)).timestamp()
        os.utime(path, (written, written))
    removed = {path.name for path in rotate_logs(settings, now)}
    assert removed == {f"asr_api.20260101T0000{age:02}Z.log" for age in range(50, 60)}


def test_only_old_rotated_logs_are_deleted(settings: Settings) -> None:
    now = datetime.now(UTC)
    for name, days in {
        "asr_api.20250101T000000Z.log": 3,
        "asr_api.20250102T000000Z.log": 1,
        "asr_api.log": 90,
        "asr_history.jsonl": 90,
        "mine.log": 90,
    }.items():
        path = settings.logs_dir / name
        path.write_text("x")
        written = (now - timedelta(days=days)).timestamp()
        os.utime(path, (written, written))
    assert [path.name for path in rotate_logs(settings, now)] == ["asr_api.20250101T000000Z.log"]


@given(st.text())
def test_one_message_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
