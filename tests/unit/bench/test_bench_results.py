"""Figures of several runs in one file, and their report."""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import report
from _figures import Figure, Target
from _results import Measured, Results
from _suite import MINUTES, OPTIONS

CPU = {"Measured": "2026-01-01 10:00 UTC", "Processor": "a", "Load before": "0.1"}
GPU = {"Measured": "2026-01-02 10:00 UTC", "Processor": "b", "Load before": "0.2"}


def measured(name: str, value: float, machine: dict[str, str] = CPU, device: str = "cpu") -> Measured:
    figure = Figure("speed", value, "m/s", Target(">=", 5), (value - 1, value + 1), "a note")
    return Measured(name, device, machine, 1.5, (figure,))


def test_written_results_are_read_back(tmp_path: Path) -> None:
    results = Results((measured("api", 1), Measured("clip", "cpu", CPU, 0.1, error="RuntimeError: no")))
    path = tmp_path / "out.json"
    path.write_text(results.to_json())
    assert Results.read(path) == results


def test_a_file_of_another_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text('{"machine": {}, "measurements": [{"name": "clip", "figures": []}]}')
    with pytest.raises(ValueError, match=r"old\.json holds no measurements"):
        Results.read(path)


def test_a_new_measurement_replaces_the_one_of_its_name_and_device_only() -> None:
    old = Results((measured("api", 1), measured("clip", 2)))
    merged = old.with_added([measured("clip", 3), measured("clip", 4, GPU, "cuda:0")])
    assert {(e.name, e.device): e.figures[0].value for e in merged.measured} == {
        ("api", "cpu"): 1,
        ("clip", "cpu"): 3,
        ("clip", "cuda:0"): 4,
    }


def test_the_report_separates_machines_and_names_missed_targets() -> None:
    text = report.render(
        Results((measured("api", 9), measured("clip", 4), measured("clip", 8, GPU, "cuda:0")))
    )
    assert "|  | 1 | 2 |" in text
    assert re.search(r"on machine 2 \(cuda:0\)", text)
    missed = text.partition("## Missed")[2].partition("## submit")[0]
    assert "| clip (cpu) | speed | 4 m/s | >= 5 |" in missed
    assert "api" not in missed and "cuda:0" not in missed
    assert "| speed | 9 m/s | 8 .. 10 | >= 5 | yes | a note |" in text
    for name in MINUTES:
        assert f"\n## {name}\n" in text


def test_options_are_for_measurements_that_are_there() -> None:
    assert OPTIONS.keys() <= MINUTES.keys()


def test_no_measurement_hides_a_package() -> None:
    """Check that no script shadows a package: a script's directory comes first on the import path."""
    scripts = {path.stem for path in Path(report.__file__).parent.glob("*.py")}
    assert not scripts & packages_distributions().keys()
