"""The demo, which is the first command of the README: real speech through a real service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_turns_three_recordings_into_text(tmp_path: Path) -> None:
    settings = {"STORAGE_PATH": str(tmp_path / "storage"), "MIN_FREE_DISK_MB": "0"}
    demo = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo.py"],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=tmp_path,
        env=os.environ | settings | {"COLUMNS": "120"},
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "coffee for everyone" in demo.stdout
    assert "今天天气很好" in demo.stdout
    assert "times real time" in demo.stdout
