import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxq.supervisor.instance import AlreadyRunning, Instance, exclusive, lives_left, running_instance


def test_a_running_stack_is_found_and_gone_afterwards(tmp_path: Path) -> None:
    instance = Instance(os.getpid(), "http://127.0.0.1:1", "redis://", {"api": 2})
    with exclusive(tmp_path, patience=0):
        instance.write(tmp_path)
        assert (tmp_path / "up.json").stat().st_mode & 0o077 == 0
        assert running_instance(tmp_path) == instance
    assert running_instance(tmp_path) is None
    assert not (tmp_path / "up.json").exists()


def test_of_a_killed_stack_only_the_worker_lives_are_used(tmp_path: Path) -> None:
    lives = ("0123456789ab", "ba9876543210")
    Instance(os.getpid(), "http://127.0.0.1:1", "redis://", {}, lives).write(tmp_path)
    (tmp_path / "up.lock").touch()
    assert running_instance(tmp_path) is None
    assert lives_left(tmp_path) == list(lives)


@pytest.mark.parametrize(
    "garbage", ["", "[]", "{}", "null", '{"pid": 1}', "\x00", '{"lives": 1}', '{"lives": ["", "*", null]}']
)
def test_an_invalid_up_json_is_no_running_stack(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "up.json").write_text(garbage)
    assert running_instance(tmp_path) is None
    assert lives_left(tmp_path) == []


def test_a_second_stack_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom voxq.supervisor.instance import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 0):\n    print('held', flush=True)\n    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout
        first.stdout.readline()
        with pytest.raises(AlreadyRunning, match=f"process {first.pid}"), exclusive(tmp_path, patience=20):
            pass
        first.kill()
    with exclusive(tmp_path, patience=1):
        assert json.loads((tmp_path / "up.lock").read_text()) == os.getpid()
