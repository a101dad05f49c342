import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media_files import Sound, muxed

from voxq.processes.child import Child, ChildDied
from voxq.processes.media import JOINER_MODULE, MEDIA_MODULE, protocol
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.chunking import Chunking
from voxq.speech.decode import decode_blocks
from voxq.speech.encode import encode

pytestmark = pytest.mark.slow  # starts processes

RECORDINGS = Path(__file__).parents[2] / "data" / "audio"


@pytest.fixture
def media() -> Iterator[Child]:
    child = Child.start(MEDIA_MODULE)
    yield child
    child.kill()


def replies(child: Child, request: protocol.Request, seconds: float = 120.0) -> list[protocol.Reply]:
    """Replies to a request, up to the final one; before that, the last chunks that it has with it."""
    child.send(protocol.CODEC.encode(request))
    deadline = time.monotonic() + seconds
    answers: list[protocol.Reply] = []
    while not answers or isinstance(answers[-1], protocol.Chunks):
        assert child.poll(deadline - time.monotonic()), f"no end after {seconds} s: {answers}"
        answers.append(protocol.CODEC.decode_reply(child.receive()))
    end = answers[-1]
    if isinstance(end, protocol.Prepared) and end.last is not None:
        answers.insert(-1, end.last)
    return answers


def prepare(path: Path, scratch: Path, **changes: float) -> protocol.Prepare:
    chunking = Chunking(maximum=changes.get("maximum", 30.0), target=changes.get("target", 25.0))
    use_vad = bool(changes.get("use_vad", True))
    return protocol.Prepare("task", path, scratch, changes.get("max_seconds", 100.0), chunking, use_vad)


def test_a_recording_becomes_pcm_and_chunks(media: Child, tmp_path: Path) -> None:
    recording, scratch = RECORDINGS / "zh_meeting.ogg", tmp_path / "pcm"
    *progress, end = replies(media, prepare(recording, scratch, maximum=8.0, target=6.0))
    assert isinstance(end, protocol.Prepared)
    assert end.duration == pytest.approx(23.02, abs=0.05)
    assert end.decode_seconds > 0
    assert end.vad_seconds > 0

    samples = np.fromfile(scratch, "<f4")
    assert np.array_equal(samples, np.concatenate(list(decode_blocks(recording, 100))))
    assert scratch.stat().st_mode & 0o077 == 0

    chunks = chunks_in(progress)
    assert len(chunks) == 5
    assert all(0 < stop - start <= 8 * SAMPLE_RATE for start, stop in chunks)
    assert all(start >= 0 and stop <= len(samples) for start, stop in chunks)


def test_chunks_are_announced_when_they_can_be_read(media: Child, tmp_path: Path) -> None:
    speech = np.concatenate(list(decode_blocks(RECORDINGS / "zh_meeting.ogg", 100)))
    recording, scratch = tmp_path / "long.wav", tmp_path / "pcm"
    recording.write_bytes(encode(np.tile(speech, 20), SAMPLE_RATE, "wav"))
    media.send(protocol.CODEC.encode(prepare(recording, scratch, max_seconds=1000.0)))
    announcements = 0
    while isinstance(told := protocol.CODEC.decode_reply(media.receive()), protocol.Chunks):
        written = scratch.stat().st_size // 4
        assert all(stop <= written for _, stop in told.chunks)
        announcements += 1
    assert isinstance(told, protocol.Prepared)
    assert announcements > 5


def chunks_in(answers: list[protocol.Reply]) -> list[tuple[int, int]]:
    return [c for told in answers if isinstance(told, protocol.Chunks) for c in told.chunks]


def test_without_vad_all_of_it_is_cut_at_quiet_places(media: Child, tmp_path: Path) -> None:
    speech = np.concatenate(list(decode_blocks(RECORDINGS / "zh_meeting.ogg", 100)))
    pause = np.zeros(12 * SAMPLE_RATE, np.float32)
    recording, scratch = tmp_path / "pauses.wav", tmp_path / "pcm"
    recording.write_bytes(encode(np.concatenate((pause, speech, pause)), SAMPLE_RATE, "wav"))
    *progress, end = replies(media, prepare(recording, scratch, maximum=10.0, use_vad=False))
    total = scratch.stat().st_size // 4
    assert isinstance(end, protocol.Prepared)
    assert end.duration == total / SAMPLE_RATE == pytest.approx(47.0, abs=0.1)
    chunks = chunks_in(progress)
    assert [start for start, _ in chunks] + [total] == [0] + [stop for _, stop in chunks]
    assert all(2.5 <= round((stop - start) / SAMPLE_RATE, 1) <= 10.0 for start, stop in chunks[:-1])
    assert 0 < chunks[-1][1] - chunks[-1][0] <= 10 * SAMPLE_RATE
    sound = np.fromfile(scratch, "<f4")
    loud = float(np.sqrt(np.mean(speech**2)))
    around = [sound[stop - SAMPLE_RATE // 100 : stop + SAMPLE_RATE // 100] for _, stop in chunks[:-1]]
    assert all(np.sqrt(np.mean(each**2)) < loud / 3 for each in around)
    assert len([told for told in progress if isinstance(told, protocol.Chunks) and told.chunks]) > 1
    *progress, _ = replies(media, prepare(recording, scratch, maximum=10.0))
    assert chunks_in(progress)[0][0] > 11 * SAMPLE_RATE, "by its speech, it begins after the pause"


@pytest.mark.parametrize(("samples", "expected"), [(16, []), (1599, []), (1600, [(0, 1600)])])
def test_without_vad_a_clip_too_short_for_a_word_has_no_chunk(
    media: Child, tmp_path: Path, samples: int, expected: list[tuple[int, int]]
) -> None:
    recording = tmp_path / "click.wav"
    recording.write_bytes(encode(np.full(samples, 0.1, np.float32), SAMPLE_RATE, "wav"))
    *progress, end = replies(media, prepare(recording, tmp_path / "pcm", use_vad=False))
    assert isinstance(end, protocol.Prepared)
    assert chunks_in(progress) == expected


def test_silence_has_no_chunks_and_long_silence_shows_life(media: Child, tmp_path: Path) -> None:
    recording = tmp_path / "silence.flac"
    recording.write_bytes(encode(np.zeros(1800 * SAMPLE_RATE, np.float32), SAMPLE_RATE, "flac"))
    *progress, end = replies(media, prepare(recording, tmp_path / "pcm", max_seconds=3600.0))
    assert isinstance(end, protocol.Prepared)
    assert end.duration == 1800
    assert [told.chunks for told in progress if isinstance(told, protocol.Chunks) and told.chunks] == []
    assert len(progress) >= 2


def test_separate_channels_follow_each_other(media: Child, tmp_path: Path) -> None:
    speech = np.concatenate(list(decode_blocks(RECORDINGS / "zh_note.ogg", 100)))
    pause = np.zeros(len(speech), np.float32)
    left, right = np.concatenate((speech, pause)), np.concatenate((pause, speech))
    recording, scratch = tmp_path / "call.wav", tmp_path / "pcm"
    recording.write_bytes(muxed("wav", Sound(np.stack((left, right)), SAMPLE_RATE, "pcm_s16le")))
    *progress, end = replies(media, replace(prepare(recording, scratch), separate=True))
    assert isinstance(end, protocol.Prepared)
    assert end.channel_starts == (0, len(left))
    assert end.duration == len(left) / SAMPLE_RATE
    samples = np.fromfile(scratch, "<f4")
    assert np.abs(samples - np.concatenate((left, right))).max() < 0.001
    first, second = chunks_in(progress)
    # The rest before the first speech of a recording stays with it.
    assert 0 <= second[0] - first[0] - 3 * len(speech) < 0.2 * SAMPLE_RATE


@pytest.mark.parametrize("layout", ["mono", "the same twice"])
def test_one_channel_is_not_recognised_twice(media: Child, tmp_path: Path, layout: str) -> None:
    speech = np.concatenate(list(decode_blocks(RECORDINGS / "zh_note.ogg", 100)))
    sound = speech if layout == "mono" else np.stack((speech, speech))
    recording = tmp_path / "a.wav"
    recording.write_bytes(muxed("wav", Sound(sound, SAMPLE_RATE, "pcm_s16le")))
    *progress, end = replies(media, replace(prepare(recording, tmp_path / "pcm"), separate=True))
    assert isinstance(end, protocol.Prepared)
    assert end.channel_starts == (0,)
    assert len(chunks_in(progress)) == 1


def test_failures_are_messages_and_the_process_goes_on(media: Child, tmp_path: Path) -> None:
    text, short = tmp_path / "text.mp3", tmp_path / "short.wav"
    text.write_text("not sound " * 1000)
    short.write_bytes(encode(np.zeros(8000, np.float32), SAMPLE_RATE, "wav"))
    missing_directory = tmp_path / "none" / "pcm"
    failing = {
        "undecodable": prepare(text, tmp_path / "pcm"),
        "missing": prepare(tmp_path / "nothing", tmp_path / "pcm"),
        "too_long": prepare(short, tmp_path / "pcm", max_seconds=0.1),
        "storage": prepare(short, missing_directory),
        "internal": prepare(short, tmp_path / "pcm", maximum=0.5),
    }
    for code, request in failing.items():
        *_, end = replies(media, request)
        assert isinstance(end, protocol.Failed), (code, end)
        assert (end.id, end.code) == ("task", code)
    *_, end = replies(media, protocol.Probe("next", short, 60.0))
    assert isinstance(end, protocol.Probed)


def test_a_request_outside_the_protocol_ends_it(media: Child) -> None:
    media.send({"op": "shell", "command": "true"})
    with pytest.raises(ChildDied):
        media.receive()
    deadline = time.monotonic() + 60
    while media.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert media.kill() == "status 2"


@pytest.mark.parametrize(
    ("module", "args", "megabytes"),
    [(MEDIA_MODULE, [], 2048), (MEDIA_MODULE, ["700"], 700), (JOINER_MODULE, [], 2048)],
)
def test_memory_is_capped(module: str, args: list[str], megabytes: int) -> None:
    child = Child.start(module, args)
    limits = Path(f"/proc/{child.pid}/limits")
    deadline = time.monotonic() + 60
    try:
        while True:
            told = next(each for each in limits.read_text().splitlines() if "Max address space" in each)
            if str(megabytes << 20) in told:
                break
            assert time.monotonic() < deadline, told
            time.sleep(0.02)
    finally:
        child.kill()


def test_a_process_that_only_probes_loads_no_inference_library(media: Child) -> None:
    replies(media, protocol.Probe("a", RECORDINGS / "zh_note.ogg", 60.0))
    mapped = Path(f"/proc/{media.pid}/maps").read_text()
    assert "onnxruntime" not in mapped
    assert "ctranslate2" not in mapped


def test_it_ends_with_its_parent() -> None:
    code = (
        "from voxq.processes.child import Child; from voxq.processes.media import MEDIA_MODULE; import time\n"
        "child = Child.start(MEDIA_MODULE); print(child.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.2)
    parent.kill()
    parent.wait(60)
    parent.stdout.close()
    deadline = time.monotonic() + 60
    while _is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_clip_is_a_part_of_the_recording(media: Child, tmp_path: Path) -> None:
    recording, file = RECORDINGS / "zh_meeting.ogg", tmp_path / "clip"
    whole = np.concatenate(list(decode_blocks(recording, 100)))
    for start, seconds, length in ((0.0, 5.0, 5.0), (9.5, 4.0, 4.0), (20.0, 30.0, 3.02), (24.0, 5.0, 0.0)):
        [end] = replies(media, protocol.Clip("clip", recording, file, start, seconds, 100.0))
        assert isinstance(end, protocol.Clipped)
        assert end.seconds == pytest.approx(length, abs=0.05)
        assert file.stat().st_mode & 0o077 == 0
        if length:
            samples = np.concatenate(list(decode_wav(file)))
            first = round(start * SAMPLE_RATE)
            assert np.allclose(samples, whole[first : first + len(samples)], atol=1e-4)


def test_a_clip_ends_before_the_recording_is_too_long(media: Child, tmp_path: Path) -> None:
    recording, file = RECORDINGS / "zh_meeting.ogg", tmp_path / "clip"
    [end] = replies(media, protocol.Clip("clip", recording, file, 0.0, 5.0, 15.0))
    assert isinstance(end, protocol.Clipped)
    [end] = replies(media, protocol.Clip("clip", recording, file, 16.0, 5.0, 15.0))
    assert isinstance(end, protocol.Failed) and end.code == "too_long"


def decode_wav(path: Path) -> Iterator[np.ndarray]:
    with wave.open(str(path)) as file:
        yield np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
