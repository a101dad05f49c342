"""Reading a speech file while it grows, is begun again, and becomes a recording."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from task_lab import make_task

from voxq.api.live import speech_stream
from voxq.core.refusal import Refusal
from voxq.kinds.speech import SpeechOptions
from voxq.storage.blobs.files import FileBlobs
from voxq.storage.scratch import WorkDirectory, WorkFiles
from voxq.storage.speech_file import SpeechChanged, SpeechFile

HEAD = b"h" * 64


class Place:
    """Storage with one text in work, and a reader of its speech."""

    def __init__(self, root: Path) -> None:
        work = WorkFiles(root / "work")
        self.blobs = FileBlobs(root / "recordings", root / "incoming")
        self.task = make_task(kind="tts", options=SpeechOptions("teller", format="pcm"))
        self.directory: WorkDirectory = work.open(self.task)
        self.file = SpeechFile(work, self.blobs, self.task.id, self.task.run, self.task.file)

    def write(self, data: bytes, whose: str = "w") -> None:
        """Append to the speech file of a worker, beginning it if necessary."""
        with self.directory.speech(whose).open("ab") as file:
            file.write(data)

    def begin(self, whose: str = "w") -> None:
        path = self.directory.begin_speech(whose)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def keep(self, whose: str = "w") -> None:
        self.blobs.keep(self.directory.speech(whose), self.task.file)

    def heard(self, most: int = 1000) -> bytes:
        parts = []
        while data := self.file.read(most):
            parts.append(data)
        return b"".join(parts)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_file_is_read_while_it_grows_and_after_it_was_stored(place: Place) -> None:
    assert place.heard() == b""
    place.begin()
    assert place.heard() == b""
    place.write(HEAD)
    place.write(b"one")
    assert place.heard(10) == HEAD + b"one"
    place.write(b"two")
    place.keep()
    assert place.heard() == b"two"
    assert place.file.is_whole


def test_a_stored_file_is_read_from_the_beginning(place: Place) -> None:
    place.begin()
    place.write(HEAD + b"all")
    place.keep()
    assert place.heard() == HEAD + b"all"
    assert place.file.is_whole


@pytest.mark.parametrize("whose", ["w", "another"])
def test_a_listener_continues_in_a_restarted_file(place: Place, whose: str) -> None:
    place.begin()
    place.write(HEAD + b"one two ")
    assert place.heard() == HEAD + b"one two "
    place.begin(whose)
    assert not place.file.is_whole
    place.write(HEAD.upper() + b"one", whose)
    assert place.heard() == b"", "it is not as long yet"
    place.write(b" two three", whose)
    assert place.heard() == b"three"
    place.write(b" four", whose)
    place.keep(whose)
    assert place.heard() == b" four"
    assert place.file.is_whole


def test_a_restarted_file_with_other_content_is_rejected(place: Place) -> None:
    place.begin()
    place.write(HEAD + b"one two")
    assert place.heard()
    place.begin()
    place.write(HEAD + b"one TWO three")
    with pytest.raises(SpeechChanged):
        place.heard()
    assert not place.file.is_whole


async def test_a_stream_of_a_file_with_other_content_is_refused(place: Place) -> None:
    place.begin()
    place.write(HEAD + b"one two")
    assert await speech_stream._read(place.file)
    place.begin()
    place.write(HEAD + b"one TWO three")
    with pytest.raises(Refusal) as refused:
        await speech_stream._read(place.file)
    assert refused.value.code == "recording_gone"


def test_writes_of_a_suspended_process_are_not_played(place: Place) -> None:
    place.begin("sleeper")
    place.write(HEAD + b"one", "sleeper")
    place.heard()
    place.begin("other")
    place.write(HEAD + b"one two", "other")
    place.write(b" late", "sleeper")
    assert place.heard() in (b" late", b" two"), "either way it is the same speech"
    place.keep("sleeper")  # it wins all the same: its file is its own and complete
    assert (place.blobs.path(place.task.file)).read_bytes() == HEAD + b"one late"


def test_a_recording_that_is_removed_while_it_is_read_is_read_to_its_end(place: Place) -> None:
    place.begin()
    place.write(HEAD + b"one two")
    assert place.file.read(66) == HEAD + b"on"
    place.keep()
    place.blobs.remove(place.task.file)
    assert place.heard() == b"e two"
    assert place.file.is_whole


def test_nothing_is_read_once_it_is_closed(place: Place) -> None:
    place.begin()
    place.write(HEAD)
    assert place.file.read(10)
    place.file.close()
    place.file.close()
    assert place.heard() == b""
