"""The mark that speech is synthetic, read back from files."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from voxq.processes.media.join import Joint
from voxq.processes.media.join_protocol import Begin, Sound
from voxq.speech.audio import SPEECH_FORMATS
from voxq.speech.encode import AudioWriter
from voxq.speech.sentences import Break
from voxq.speech.synthetic import CLONED_MARK

RATE = 24_000
SOUND = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def comments_in(data: bytes) -> set[str]:
    with av.open(io.BytesIO(data)) as container:
        tags = {**container.metadata, **container.streams.audio[0].metadata}
    return {value for name, value in tags.items() if name.lower() == "comment"}


def seconds_of(data: bytes) -> float:
    with av.open(io.BytesIO(data)) as container:
        rate = container.streams.audio[0].rate
        return sum(frame.samples for frame in container.decode(audio=0)) / rate


@pytest.mark.parametrize("format", [each for each in SPEECH_FORMATS if each != "pcm"])
@pytest.mark.parametrize("comment", ["", CLONED_MARK])
def test_a_joined_file_carries_its_mark(tmp_path: Path, format: str, comment: str) -> None:
    sound = tmp_path / "0.f32"
    sound.write_bytes(SOUND.astype("<f4").tobytes())
    joint = Joint(Begin("a", tmp_path / "out", format, RATE, comment=comment))
    joint.append((Sound(sound, len(SOUND), Break.CLAUSE),), is_last=True)
    data = (tmp_path / "out").read_bytes()
    assert comments_in(data) == ({comment} if comment else set())
    assert seconds_of(data) == pytest.approx(joint.duration, abs=0.1)


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_a_mark_changes_no_sound(format: str) -> None:
    files = []
    for comment in ("", CLONED_MARK):
        buffer = io.BytesIO()
        writer = AudioWriter(buffer, format, RATE, comment=comment)
        writer.write(SOUND)
        writer.close()
        files.append(buffer.getvalue())
    if format == "pcm":  # nothing but samples
        assert files[0] == files[1]
        return
    plain, marked = map(samples_of, files)
    assert np.array_equal(plain, marked)


def samples_of(data: bytes) -> object:
    with av.open(io.BytesIO(data)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
