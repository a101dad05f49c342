"""Command for a GPU machine: its arguments, its limits of time, its environment; and a rehearsal on the
processor."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import _gpu_clock
import _gpu_device
import _gpu_wheels
import gpu
import pytest
from _figures import Figure
from _gpu_clock import Clock, Line, TimeIsUp, limited, run
from _results import Measured, Results

SCRIPT = Path(gpu.__file__)
MACHINE = {"Processor": "a"}


def lines_of(*lines: Line, seconds: float = 100) -> list[Measured]:
    return list(run(lines, Clock(seconds), "cpu", MACHINE))


def two_figures() -> Iterator[Figure]:
    yield Figure("first", 1, "s")
    yield Figure("second", 2, "s")


def test_a_line_has_its_figures_and_says_where_it_was_measured() -> None:
    (measured,) = lines_of(Line("a", 1, 9, two_figures))
    assert [figure.value for figure in measured.figures] == [1, 2]
    assert (measured.error, measured.device, measured.machine) == (None, "cpu", MACHINE)


def test_a_line_that_fails_keeps_its_figures_and_the_next_is_measured() -> None:
    def failing() -> Iterator[Figure]:
        yield Figure("first", 1, "s")
        raise ValueError("no sound")

    failed, after = lines_of(Line("a", 1, 9, failing), Line("b", 1, 9, two_figures))
    assert [figure.name for figure in failed.figures] == ["first"]
    assert failed.error == "ValueError: no sound"
    assert after.error is None


def test_a_line_that_takes_too_long_is_stopped_and_cleans_up() -> None:
    cleaned: list[bool] = []

    def slow() -> Iterator[Figure]:
        try:
            yield Figure("first", 1, "s")
            time.sleep(30)
        finally:
            cleaned.append(True)

    began = time.monotonic()
    (measured,) = lines_of(Line("a", 0.1, 0.2, slow))
    assert time.monotonic() - began < 10
    assert measured.error == "stopped after 0 s"
    assert [figure.name for figure in measured.figures] == ["first"]
    assert cleaned == [True]


def test_a_line_without_enough_time_or_its_library_is_left_out_with_the_reason() -> None:
    late, missing = lines_of(
        Line("a", 60, 90, two_figures), Line("b", 1, 9, two_figures, ("os", "no_such_library")), seconds=20
    )
    assert late.error == f"{_gpu_clock.LEFT_OUT}20 s are left, and it needs 60"
    assert missing.error == f"{_gpu_clock.LEFT_OUT}no_such_library is not installed"
    assert not late.figures and not missing.figures


def test_the_clock_ends_at_zero() -> None:
    now = iter([0.0, 4.0, 99.0])
    clock = Clock(10, lambda: next(now))
    assert (clock.left, clock.left) == (6, 0)


def test_a_limit_ends_with_its_body() -> None:
    with limited(0.05):
        pass
    time.sleep(0.1)
    with pytest.raises(TimeIsUp), limited(0.05):
        time.sleep(5)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--device", "tpu"],
        ["--device", "cuda:one"],
        ["--device", "cuda:-1"],
        ["--seconds", "-1"],
        ["--seconds", "nan"],
        ["--wheels", "/nonexistent"],
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        gpu.main(arguments)
    assert stopped.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_commands_that_fill_the_folder_name_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--wheels-for", "a folder"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [shlex.split(line)[:2] for line in printed] == [
        ["python", "scripts/constraints.py"],
        ["pip", "wheel"],
        ["pip", "download"],
    ]
    assert all("a folder" in shlex.split(line) for line in printed[1:])


def test_without_a_gpu_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert _gpu_device.obstacle("cpu") is None
    assert "no NVIDIA GPU is visible" in str(_gpu_device.obstacle("cuda:0"))


@pytest.mark.parametrize(
    ("device", "visible", "only"),
    [
        ("cuda:0", None, "0"),
        ("cuda:2", None, "2"),
        ("cuda:1", "4,GPU-ab", "GPU-ab"),
        ("cuda:2", "4,5", ""),
        ("cuda:0", "", ""),
    ],
)
def test_the_chosen_gpu_is_the_only_visible_one(device: str, visible: str | None, only: str) -> None:
    assert _gpu_device.only(device, visible) == only


def test_wheels_are_installed_into_an_environment_of_their_own(tmp_path: Path) -> None:
    """Run it with a folder whose only wheel is of no use: pip must be the one that says so, offline."""
    (tmp_path / "other-1.0-py3-none-any.whl").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, SCRIPT, "--wheels", tmp_path, "--device", "cpu", "--small"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "No matching distribution found for voxq" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not installed:" in done.stderr


def test_library_path_has_the_packages_of_nvidia_first(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages" / "nvidia"
    for name in ("cublas", "cudnn"):
        (packages / name / "lib").mkdir(parents=True)
    environ = _gpu_wheels.environ_of(tmp_path, {"LD_LIBRARY_PATH": "/known", "HOME": "/root"})
    found = environ["LD_LIBRARY_PATH"].split(os.pathsep)
    assert found == [str(packages / "cublas" / "lib"), str(packages / "cudnn" / "lib"), "/known"]
    assert environ["HOME"] == "/root"


def test_a_random_whisper_says_its_text_in_short_windows(tmp_path: Path) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2")
    import _gpu_whisper

    from voxq.engines import registry, warmup
    from voxq.engines.contract import SAMPLE_RATE, AudioItem, EngineRequest, Recognised
    from voxq.model_store.store import ModelStore

    model = tmp_path / "model"
    _gpu_whisper.build(_gpu_whisper.TINY, ModelStore().resolve("whisper-base"), model)
    assert ctranslate2.models.Whisper(str(model)).is_multilingual
    engine = registry.find("faster-whisper").load(
        EngineRequest("faster-whisper", str(model), "cpu", 1), {"path": model}
    )
    sound = warmup.clip()
    items = [AudioItem(sound[: seconds * SAMPLE_RATE], {}) for seconds in (2, 4, 8)]
    answers = engine.run(items)
    assert {len(each.segments) for each in answers if isinstance(each, Recognised)} == {1}
    assert {each.segments[0].text for each in answers if isinstance(each, Recognised)} == {
        "The old keeper climbed the stairs every evening to light the lamp, and the ships came home by it."
    }
    assert getattr(engine, "second_looks", None) == 0


def test_the_whole_command_on_the_processor(tmp_path: Path) -> None:
    """Rehearse it with time for the first lines only: the rest must say so, and nothing may run on."""
    pytest.importorskip("ctranslate2")
    out = tmp_path / "gpu.json"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, SCRIPT, "--device", "cpu", "--small", "--seconds", "45", "--json", out],
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert time.monotonic() - began < 75, done.stderr
    measured = {each.name: each for each in Results.read(out).measured}
    assert len(measured) == 9
    first = measured["whisper: batched / serial"]
    assert first.error is None, done.stderr
    assert {"one clip a call", "batched / serial", "same text in both"} <= {f.name for f in first.figures}
    assert "batched / serial" in done.stdout
    left_out = [each for each in measured.values() if (each.error or "").startswith(_gpu_clock.LEFT_OUT)]
    assert measured["model switches"] in left_out
    assert done.returncode == int(any(e.error for e in measured.values() if e not in left_out))
