"""Usage messages of scripts, which must not install anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.mark.parametrize(
    ("script", "argument", "status"),
    [
        *(
            (script, argument, 0)
            for script in ("demo", "setup", "start_workers.sh", "test")
            for argument in ("--help", "-h")
        ),
        *(
            (script, argument, 2)
            for script in ("demo", "start_workers.sh")
            for argument in ("--gpu", "story.txt")
        ),
        ("setup", "kokoro", 2),
    ],
)
def test_a_script_prints_its_usage(tmp_path: Path, script: str, argument: str, status: int) -> None:
    shell = shutil.which("bash")
    assert shell is not None
    # With an empty PATH the script cannot even find Python.
    done = subprocess.run(
        [shell, SCRIPTS / script, argument],
        cwd=tmp_path,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status
    said, silent = (done.stdout, done.stderr) if status == 0 else (done.stderr, done.stdout)
    assert said.startswith(f"Usage: scripts/{script}")
    assert silent == ""
