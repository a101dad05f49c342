"""What `voxq transcribe` takes for a recording, and how it names the results of several."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from voxq.cli.inputs import Input, Unusable, usable
from voxq.cli.outputs import names_of, write_new
from voxq.cli.pace import Progress


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def exit() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def given(*arguments: str, exit: ExitStack, most_mb: int = 1) -> list[Input | Unusable]:
    return list(usable(arguments, exit, "voxq transcribe", most_mb))


def test_a_file_is_taken_whatever_its_name(exit: ExitStack) -> None:
    names = ["a note.ogg", "[1].wav", "*.wav", "ünï.mp3"]
    for name in names:
        Path(name).write_bytes(b"sound")
    found = given(*names, exit=exit)
    assert [each.name for each in found if isinstance(each, Input)] == names


@pytest.mark.parametrize(
    ("argument", "advice"),
    [
        ("https://example.org/a.mp3", "curl -fL 'https://example.org/a.mp3' | voxq transcribe -"),
        ("FILE:///etc/passwd", "is an address"),
        ("folder", "name its files: voxq transcribe folder/*"),
        ("folder/", "name its files: voxq transcribe folder/*"),
        ("*.ogg", "no file has such a name"),
        ("*.wav", "without them, the shell puts in the names"),
        ("missing.ogg", "there is no such file"),
        ("", "there is no such file"),
        ("x" * 5000, "there is no such file"),
    ],
)
def test_what_is_no_recording_is_refused_with_what_to_do(argument: str, advice: str, exit: ExitStack) -> None:
    Path("folder").mkdir()
    Path("a.wav").touch()
    found = given(argument, "a.wav", exit=exit)
    assert isinstance(found[0], Unusable)
    assert advice in str(found[0]) and argument in str(found[0])
    assert isinstance(found[1], Input), "one that is wrong stops no other"


class Pipe(io.TextIOWrapper):
    def __init__(self, data: bytes, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data))
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def test_standard_input_is_copied_once(exit: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Pipe(b"sound" * 100_000))
    first, second = given("-", "-", exit=exit)
    assert isinstance(first, Input) and isinstance(second, Unusable)
    assert (first.name, first.path.read_bytes()) == ("stdin", b"sound" * 100_000)
    exit.close()
    assert not first.path.exists()


def test_standard_input_has_an_end(exit: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Pipe(bytes((1 << 20) + 1)))
    assert "more than 1 MB" in str(given("-", exit=exit)[0])
    monkeypatch.setattr("sys.stdin", Pipe(b"", is_terminal=True))
    assert "nothing comes from a pipe" in str(given("-", exit=exit)[0])


def test_a_named_pipe_is_copied(exit: ExitStack) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(b"sound"))
    writer.start()
    (found,) = given("pipe", exit=exit)
    writer.join()
    assert isinstance(found, Input)
    assert found.path.read_bytes() == b"sound"


def test_results_have_the_shortest_names_that_differ() -> None:
    paths = ["a.wav", "x/b.wav", "x/b.mp3", "x/c.wav", "y/c.wav", "-"]
    inputs = [Input(path, Path(path)) for path in paths]
    assert names_of(inputs) == ["a", "b.wav", "b.mp3", "x_c.wav", "y_c.wav", "stdin"]


def test_nothing_is_overwritten(here: Path) -> None:
    texts = ["one", "two", "three"]
    for text in texts:
        write_new(here, "a", ".txt", text)
    assert {path.name: path.read_text() for path in here.iterdir()} == {
        "a.txt": "one",
        "a-2.txt": "two",
        "a-3.txt": "three",
    }
    (here / "b.txt").symlink_to(here / "a.txt")
    assert write_new(here, "b", ".txt", "four").name == "b-2.txt"


def test_a_file_that_cannot_be_written_leaves_nothing(here: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_new(here, "a", ".txt", "\udc00")
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("duration", [0.0, 2.0, 30.0, 3600.0])
def test_progress_goes_on_between_reports_and_never_reaches_the_end(duration: float) -> None:
    shown = Progress(duration, 0.2, now=100.0)
    values = [shown.at(0, 100.0 + 0.5 * n) for n in range(20)]
    assert values == sorted(values) and len(set(values)) == len(values)
    assert values[-1] > (0.5 if duration > 1000 else 5)
    assert shown.at(0, 100_000.0) < 100
    assert shown.at(50, 100_001.0) >= 50
    assert shown.at(40, 100_002.0) >= 50, "not back"
    assert shown.at(99, 200_000.0) < 100


def test_a_long_recording_is_not_said_to_be_nearly_done_while_nothing_is_reported() -> None:
    assert Progress(3600.0, 0.1, now=0.0).at(0, 36_000.0) < 2
