"""What was measured of the layouts of models: kept, and ignored where it is true no more."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import roomy_engine

from voxq.engines.contract import EngineRequest, Layout
from voxq.engines.recognise import faster_whisper, noop
from voxq.storage import tuning
from voxq.storage.tuning import Speed, Subject, Tuning, Tunings


@pytest.fixture
def model(tmp_path: Path) -> Path:
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "model.bin").write_bytes(b"weights")
    return directory


@pytest.fixture
def subject(model: Path) -> Subject:
    request = EngineRequest("roomy_engine:KIND", "noop", threads=4)
    return Subject(roomy_engine.KIND, request, {"path": model})


@pytest.fixture
def tunings(tmp_path: Path) -> Tunings:
    made = Tunings(tmp_path / "tuning")
    os.close(made.take_turn() or 0)
    return made


def speeds(subject: Subject, fastest: int = 0) -> list[Speed]:
    return [Speed(layout, 10.0 + 5 * (n == fastest), 5.0) for n, layout in enumerate(subject.layouts)]


def test_what_was_kept_is_found(tunings: Tunings, subject: Subject) -> None:
    assert tunings.find(subject) is None
    tunings.keep(subject, speeds(subject, 3))
    assert tunings.find(subject) == Tuning(tuple(speeds(subject, 3)))
    tunings.keep(subject, speeds(subject))
    assert tunings.find(subject) == Tuning(tuple(speeds(subject)))


@pytest.mark.parametrize(
    "change",
    [{"threads": 2}, {"replicas": 2}, {"replicas": 1}, {"model": "sleep-1ms"}, {"provider": "cuda"}],
)
def test_other_settings_ask_for_another_measurement(
    tunings: Tunings, subject: Subject, change: dict[str, object]
) -> None:
    tunings.keep(subject, speeds(subject))
    assert tunings.find(replace(subject, request=replace(subject.request, **change))) is None


def test_other_weights_ask_for_another_measurement(tunings: Tunings, subject: Subject, model: Path) -> None:
    tunings.keep(subject, speeds(subject))
    (model / "model.bin").write_bytes(b"other weights")
    assert tunings.find(subject) is None


@pytest.mark.parametrize("name", ["_version_of", "name_of"])
def test_another_machine_or_version_asks_for_another_measurement(
    tunings: Tunings, model: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    family = faster_whisper.FAMILY
    subject = Subject(family, EngineRequest(family.name, str(model), threads=4), {"path": model})
    tunings.keep(subject, speeds(subject))
    assert tunings.find(subject) is not None
    monkeypatch.setattr(tuning, name, lambda _: "another")
    assert tunings.find(subject) is None


def test_a_version_with_other_layouts_measures_again(tunings: Tunings, subject: Subject) -> None:
    tunings.keep(subject, speeds(subject))
    layouts = subject.layouts[::-1]
    changed = replace(subject, family=replace(subject.family, layouts_for=lambda request: layouts))
    assert tunings.find(changed) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"format": 1}',
        b'{"format": 1, "key": {}, "speeds": []}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_torn_or_foreign_file_counts_as_none(tunings: Tunings, subject: Subject, content: bytes) -> None:
    tunings.keep(subject, speeds(subject))
    (file,) = (path for path in directory_of(tunings).iterdir() if path.suffix == ".json")
    file.write_bytes(content)
    assert tunings.find(subject) is None
    tunings.keep(subject, speeds(subject))
    assert tunings.find(subject) is not None, "the next measurement replaces it"


@pytest.mark.parametrize(
    ("field", "value"),
    [("replicas", "2"), ("items", None), ("short", "fast"), ("long", True), ("short", float("nan"))],
)
def test_a_record_with_odd_values_counts_as_none(
    tunings: Tunings, subject: Subject, field: str, value: object
) -> None:
    tunings.keep(subject, speeds(subject))
    (file,) = (path for path in directory_of(tunings).iterdir() if path.suffix == ".json")
    record = json.loads(file.read_text())
    record["speeds"][1][field] = value
    file.write_text(json.dumps(record))
    assert tunings.find(subject) is None


def test_a_directory_or_a_fifo_in_its_place_counts_as_none(tunings: Tunings, subject: Subject) -> None:
    file = directory_of(tunings) / subject.name
    os.mkfifo(file)
    assert tunings.find(subject) is None
    file.unlink()
    file.mkdir()
    assert tunings.find(subject) is None


def test_models_without_a_choice_are_not_measured(tunings: Tunings) -> None:
    subject = Subject(noop.FAMILY, EngineRequest("noop", "noop"), {})
    assert subject.layouts == ()
    assert tunings.find(subject) is None


def test_another_layout_must_be_clearly_faster() -> None:
    usual, other = Layout(2, 8), Layout(1, 8)
    assert Tuning((Speed(usual, 10, 5), Speed(other, 10.5, 5.4))).best.layout == usual
    assert Tuning((Speed(usual, 10, 5), Speed(other, 13, 5))).best.layout == other
    assert Tuning((Speed(usual, 10, 5), Speed(other, 30, 1))).best.layout == usual, "both lengths count"


def test_one_process_measures_at_a_time(tunings: Tunings) -> None:
    turn = tunings.take_turn()
    assert turn is not None
    assert tunings.take_turn() is None
    os.close(turn)
    again = tunings.take_turn()
    assert again is not None
    os.close(again)


def test_whispers_layouts_follow_the_threads_and_what_is_set() -> None:
    def layouts(**changes: object) -> tuple[Layout, ...]:
        request = replace(EngineRequest("faster-whisper", "whisper-base"), **changes)
        return faster_whisper.FAMILY.layouts_for(request)

    two = layouts(threads=2)
    assert two[0] == Layout(2, 8), "its own choice comes first"
    assert set(two) == {Layout(r, n) for r in (1, 2) for n in (4, 8, 16)}
    assert {each.replicas for each in layouts(threads=16)} == {1, 2, 4, 8, 16}
    assert {each.replicas for each in layouts(threads=16, replicas=2)} == {2}
    assert all(each.items >= each.replicas for each in layouts(threads=16))
    assert layouts(device="cuda:0") == (Layout(1, 8), Layout(1, 16), Layout(1, 32))


def directory_of(tunings: Tunings) -> Path:
    return tunings._directory
