"""The real joining process: sentences in, a growing file out, exact to the sample."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from voxq.processes.child import Child
from voxq.processes.media import JOINER_MODULE
from voxq.processes.media import join_protocol as protocol
from voxq.processes.media.join import Joint
from voxq.speech.audio import SPEECH_FORMATS, Samples
from voxq.speech.sentences import Break
from voxq.speech.voicing import voiced

pytestmark = pytest.mark.slow  # starts processes

RATE = 16_000
PAUSE = {Break.CLAUSE: 0.12, Break.SENTENCE: 0.3, Break.PARAGRAPH: 0.6}


@pytest.fixture(scope="module")
def joiner() -> Iterator[Child]:
    child = Child.start(JOINER_MODULE)
    yield child
    child.kill()


def sentence(seconds: float, pitch: float = 220.0, loudness: float = 0.3) -> Samples:
    """Samples of a sentence as an engine returns them."""
    times = np.arange(round(seconds * RATE)) / RATE
    return voiced((loudness * np.sin(2 * np.pi * pitch * times)).astype(np.float32), RATE)


def kept(directory: Path, samples: Sequence[Samples]) -> list[protocol.Sound]:
    sounds = []
    for number, each in enumerate(samples):
        path = directory / f"{number}.f32"
        each.astype("<f4").tofile(path)
        sounds.append(protocol.Sound(path, len(each), list(PAUSE)[number % 3]))
    return sounds


def begin(child: Child, target: Path, format: str, **more: Any) -> None:
    child.send(protocol.CODEC.encode(protocol.Begin("a", target, format, RATE, **more)))


def append(child: Child, sounds: Sequence[protocol.Sound], *, is_last: bool) -> protocol.Reply:
    child.send(protocol.CODEC.encode(protocol.Append("a", tuple(sounds), is_last)))
    assert child.poll(60)
    return protocol.CODEC.decode_reply(child.receive())


def join(child: Child, sounds: Sequence[protocol.Sound], target: Path, format: str) -> bytes:
    begin(child, target, format)
    assert isinstance(append(child, sounds, is_last=True), protocol.Joined)
    return target.read_bytes()


def samples_in(path: Path, format: str) -> Samples:
    if format == "pcm":
        return np.fromfile(path, "<i2").astype(np.float32) / 32767
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)
    return samples / np.float32(32767) if samples.dtype == np.int16 else samples


@pytest.mark.parametrize(
    "message",
    [
        protocol.Begin("a", Path("out"), "mp3", 24_000, 8000, 2.0),
        protocol.Append("a", (protocol.Sound(Path("0.f32"), 10, Break.CLAUSE),), True),
        protocol.Drop("a"),
    ],
)
def test_requests_arrive_as_sent(message: protocol.Request) -> None:
    assert protocol.CODEC.decode_request(protocol.CODEC.encode(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        protocol.Appended("a", ((0.0, 0.5), (0.8, 1.5))),
        protocol.Joined("a", ((0.0, 0.5),), 1.5, 24_000, 0.1),
        protocol.Failed("a", "storage", "The disk is full."),
    ],
)
def test_replies_arrive_as_sent(message: protocol.Reply) -> None:
    assert protocol.CODEC.decode_reply(protocol.CODEC.encode(message)) == message


@pytest.mark.parametrize(
    ("reply", "is_last", "fits"),
    [
        (protocol.Appended("a", ((0.0, 0.5),)), False, True),
        (protocol.Joined("a", ((0.0, 0.5),), 1.5, 24_000, 0.1), True, True),
        (protocol.Failed("a", "storage", "The disk is full."), True, True),
        (protocol.Failed("b", "storage", "The disk is full."), True, False),
        (protocol.Appended("a", ()), False, False),
        (protocol.Appended("a", ((0.0, 0.5),) * 2), False, False),
        (protocol.Joined("a", (), 1.5, 24_000, 0.1), True, False),
        (protocol.Appended("a", ((0.0, 0.5),)), True, False),
        (protocol.Joined("a", ((0.0, 0.5),), 1.5, 24_000, 0.1), False, False),
    ],
)
def test_an_answer_has_the_times_of_what_was_asked(reply: protocol.Reply, is_last: bool, fits: bool) -> None:
    asked = protocol.Append("a", (protocol.Sound(Path("0.f32"), 10, Break.CLAUSE),), is_last)
    assert protocol.is_answer_to(asked, reply) is fits


@pytest.mark.parametrize("format", ["wav", "flac", "pcm"])
def test_joins_are_exact_to_the_sample_and_do_not_click(joiner: Child, tmp_path: Path, format: str) -> None:
    parts = [sentence(0.5, 200), sentence(0.8, 300, 0.02), np.zeros(0, np.float32), sentence(0.4, 250, 0.9)]
    sounds = kept(tmp_path, parts)
    begin(joiner, tmp_path / "out", format)
    replies = [append(joiner, [sound], is_last=sound is sounds[-1]) for sound in sounds]
    pauses = [round(PAUSE[sound.ending] * RATE) if sound.samples else 0 for sound in sounds]
    silences = [np.zeros(length, np.float32) for length in pauses]
    expected = np.concatenate([each for pair in zip(parts, silences, strict=True) for each in pair])
    heard = samples_in(tmp_path / "out", format)
    assert len(heard) == len(expected)
    assert np.abs(heard - expected).max() < 1e-4
    times = [time for reply in replies if not isinstance(reply, protocol.Failed) for time in reply.times]
    lengths = [len(part) + len(silence) for part, silence in zip(parts, silences, strict=True)]
    starts = [0, *itertools.accumulate(lengths)][:-1]
    ends = [start + len(part) for start, part in zip(starts, parts, strict=True)]
    assert times == [(start / RATE, end / RATE) for start, end in zip(starts, ends, strict=True)]
    assert isinstance(replies[-1], protocol.Joined)
    assert replies[-1].duration == len(expected) / RATE

    steps = np.abs(np.diff(heard))
    within = max(float(np.abs(np.diff(part)).max()) for part in parts if len(part))
    for edge in starts + ends:  # steps are much smaller than those of the sound itself
        assert steps[max(0, edge - 8) : edge + 8].max(initial=0) < 0.2 * within
    loudness = [
        20 * np.log10(np.sqrt((heard[int(a * RATE) : int(b * RATE)] ** 2).mean())) for a, b in times if b > a
    ]
    assert max(loudness) - min(loudness) < 3


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_a_file_grows_and_is_then_as_if_made_at_once(joiner: Child, tmp_path: Path, format: str) -> None:
    sounds = kept(tmp_path, [sentence(0.5 + number / 10) for number in range(6)])
    whole = join(joiner, sounds, tmp_path / "whole", format)
    begin(joiner, tmp_path / "out", format)
    grown = [b""]
    for sound in sounds:
        append(joiner, [sound], is_last=sound is sounds[-1])
        grown.append((tmp_path / "out").read_bytes())
    assert grown[-1] == whole
    for shorter, longer in itertools.pairwise(grown):
        assert len(longer) > len(shorter)
        assert longer[64:].startswith(shorter[64:]), "what was read stays as it was"
    if format == "wav":
        assert grown[1][4:8] == grown[1][40:44] == b"\xff" * 4, "its length is not known"
        assert struct.unpack("<I", whole[40:44])[0] == len(whole) - 44
    if format == "flac":
        assert int.from_bytes(grown[1][18:26]) & ((1 << 36) - 1) == 0
        assert int.from_bytes(whole[18:26]) & ((1 << 36) - 1) == len(samples_in(tmp_path / "out", format))
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_a_process_killed_in_the_middle_changes_no_byte(joiner: Child, tmp_path: Path, format: str) -> None:
    sounds = kept(tmp_path, [sentence(0.7, 200 + 30 * number) for number in range(5)])
    whole = join(joiner, sounds, tmp_path / "whole", format)
    dying = Child.start(JOINER_MODULE)
    begin(dying, tmp_path / "out", format)
    append(dying, sounds[:3], is_last=False)
    dying.kill()
    heard = (tmp_path / "out").read_bytes()
    (tmp_path / "out").unlink()
    begin(joiner, tmp_path / "out", format)
    append(joiner, sounds[:2], is_last=False)
    append(joiner, sounds[2:], is_last=True)
    again = (tmp_path / "out").read_bytes()
    assert again == whole
    assert again[64:].startswith(heard[64:]), "who has heard a part goes on where he was"


def test_failures_are_messages_and_the_process_goes_on(joiner: Child, tmp_path: Path) -> None:
    first, gone, torn = kept(tmp_path, [sentence(0.5) for _ in range(3)])
    gone.path.unlink()
    torn.path.write_bytes(torn.path.read_bytes()[:-8])
    taken = tmp_path / "taken"
    taken.touch()
    for target, sounds, code in (
        (tmp_path / "none" / "out", [first], "storage"),
        (taken, [first], "storage"),
        (tmp_path / "out", [first, gone], "audio_unavailable"),
        (tmp_path / "other", [torn], "audio_unavailable"),
    ):
        begin(joiner, target, "mp3")
        reply = append(joiner, sounds, is_last=True)
        assert isinstance(reply, protocol.Failed)
        assert (reply.id, reply.code) == ("a", code)
    assert taken.read_bytes() == b"", "what somebody else writes is left alone"
    begin(joiner, tmp_path / "odd", "exe")
    reply = append(joiner, [first], is_last=True)
    assert isinstance(reply, protocol.Failed)
    assert reply.code == "internal"
    assert join(joiner, [first], tmp_path / "fine", "mp3")


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_an_abandoned_text_sends_no_replies(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], format: str
) -> None:
    """Check that cancelled speech prints no tracebacks."""
    joint = Joint(protocol.Begin("a", tmp_path / "out", format, RATE))
    joint.append(tuple(kept(tmp_path, [sentence(2)])), is_last=False)
    joint.drop()
    assert capfd.readouterr().err == ""
