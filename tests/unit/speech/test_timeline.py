"""Sound lies where the container's time line has it, whatever the time stamps say."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from time import thread_time

import av
import numpy as np
import pytest
from media_files import Sound, muxed, stamped, tone

from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.container import Patience, opened
from voxq.speech.decode import Decoding
from voxq.speech.encode import encode
from voxq.speech.probe import probe
from voxq.speech.timeline import Timeline

LONGEST = 3600.0
CODECS = [
    pytest.param("mp4", "aac", id="mp4"),
    pytest.param("mov", "aac", id="mov"),
    pytest.param("matroska", "aac", id="mkv"),
    pytest.param("matroska", "pcm_s16le", id="mkv pcm"),
    pytest.param("webm", "libopus", id="webm"),
    pytest.param("asf", "mp2", id="wma"),
]
OGG = pytest.param("ogg", "libopus", id="ogg")


def decoded(content: bytes, path: Path, most: float = LONGEST) -> tuple[Samples, float]:
    path.write_bytes(content)
    decoding = Decoding(path, most)
    samples = np.concatenate(list(decoding))
    return samples, decoding.duration


def heard(samples: Samples) -> list[tuple[float, float]]:
    """Stretches of sound in seconds, without pauses below 0.1 s."""
    loud = np.flatnonzero(np.abs(samples) > 0.05) / SAMPLE_RATE
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > 0.1)
    starts, ends = [loud[0], *loud[breaks + 1]], [*loud[breaks], loud[-1]]
    return list(zip(map(float, starts), map(float, ends), strict=True))


def made(muxer: str, codec: str, stamp: Callable[[float], float | None], **options: float) -> bytes:
    return muxed(muxer, Sound(tone(3, 48_000), 48_000, codec, stamp=stamp), **options)  # type: ignore[arg-type]


def near(*stretches: tuple[float, float]) -> list[tuple[object, object]]:
    return [(pytest.approx(start, abs=0.05), pytest.approx(end, abs=0.05)) for start, end in stretches]


@pytest.mark.parametrize(("muxer", "codec"), CODECS)
def test_sound_that_starts_late_is_heard_late(muxer: str, codec: str, tmp_path: Path) -> None:
    samples, duration = decoded(made(muxer, codec, lambda time: time + 5), tmp_path / "a")
    assert heard(samples) == near((5, 8))
    assert duration == pytest.approx(8, abs=0.05)
    assert probe(tmp_path / "a", LONGEST).duration == pytest.approx(8, abs=0.05)


@pytest.mark.parametrize(("muxer", "codec"), [*CODECS, OGG])
def test_a_gap_in_time_stamps_is_silence(muxer: str, codec: str, tmp_path: Path) -> None:
    content = made(muxer, codec, lambda time: time if time < 1 else time + 2)
    samples, duration = decoded(content, tmp_path / "a")
    assert heard(samples) == near((0, 1), (3, 5))
    assert duration == pytest.approx(5, abs=0.05)


@pytest.mark.parametrize(("muxer", "codec"), [*CODECS, OGG])
def test_lost_packets_move_nothing_after_them(muxer: str, codec: str, tmp_path: Path) -> None:
    content = made(muxer, codec, lambda time: None if 1 < time < 2 else time)
    samples, _ = decoded(content, tmp_path / "a")
    assert heard(samples) == near((0, 1), (2, 3))


@pytest.mark.parametrize(("muxer", "codec"), [("mp4", "aac"), ("matroska", "libopus"), ("mov", "alac")])
def test_a_video_lasts_as_long_as_its_pictures(muxer: str, codec: str, tmp_path: Path) -> None:
    content = made(muxer, codec, lambda time: time + 5, picture_seconds=12)
    samples, duration = decoded(content, tmp_path / "a")
    assert heard(samples) == near((5, 8))
    assert len(samples) < 8.1 * SAMPLE_RATE, "silence after the sound is not worth decoding"
    assert duration == pytest.approx(12, abs=0.01)
    assert probe(tmp_path / "a", LONGEST).duration == pytest.approx(12, abs=0.01)


def test_a_time_line_with_an_absurd_beginning_counts_from_there(tmp_path: Path) -> None:
    sound = Sound(tone(3, 48_000), 48_000, "libopus")
    content = muxed("matroska", sound, picture_seconds=5, options={"output_ts_offset": "100000"})
    samples, duration = decoded(content, tmp_path / "a")
    assert heard(samples) == near((0, 3))
    assert duration == pytest.approx(5, abs=0.05)
    assert probe(tmp_path / "a", LONGEST).duration == pytest.approx(5, abs=0.05)


def test_a_video_that_declares_no_length_lasts_as_long_as_its_pictures(tmp_path: Path) -> None:
    content = muxed("matroska", Sound(tone(3)), picture_seconds=5, options={"live": "1"})
    _, duration = decoded(content, tmp_path / "a")
    assert duration == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize(("longest", "end"), [(LONGEST, 4.2), (4.0, 3.0)])
def test_pictures_at_an_absurd_time_count_for_nothing(longest: float, end: float, tmp_path: Path) -> None:
    """The header of the second one declares more than is allowed, so that it counts for nothing, either."""
    (tmp_path / "a").write_bytes(made("mp4", "aac", lambda time: time, picture_seconds=5))
    with opened(tmp_path / "a", Patience(20)) as recording:
        timeline = Timeline(recording.container, recording.stream, longest)
        for seconds in (2, LONGEST * 100, 4.2, 3):
            packet = av.Packet(b"x")
            packet.pts, packet.time_base = round(seconds * 10), Fraction(1, 10)
            timeline.note(packet)
    assert timeline.end_of_pictures == end


@pytest.mark.parametrize(
    ("muxer", "codec"),
    [("ogg", "libopus"), ("webm", "libopus"), ("ipod", "aac"), ("matroska", "aac"), ("mp3", "libmp3lame")],
)
def test_what_encoders_put_before_the_sound_is_no_part_of_it(muxer: str, codec: str, tmp_path: Path) -> None:
    """Opus' pre-skip, the priming of AAC, LAME's delay: a click stays within 5 ms."""
    samples = np.zeros(2 * 48_000, np.float32)
    samples[48_000:48_240] = 0.9
    found, _ = decoded(muxed(muxer, Sound(samples, 48_000, codec)), tmp_path / "a")
    click = np.argmax(np.abs(found))
    assert click / SAMPLE_RATE == pytest.approx(1.0025, abs=0.005)


def test_an_edit_list_that_leaves_out_the_beginning_is_followed(tmp_path: Path) -> None:
    content = bytearray(muxed("mp4", Sound(np.concatenate((tone(2, 48_000), 0 * tone(2, 48_000))), 48_000)))
    at = content.index(b"elst") + 8  # version and flags, then the number of entries, then the first one
    entry = at + 4
    media_time = int.from_bytes(content[entry + 4 : entry + 8])
    content[entry + 4 : entry + 8] = (media_time + 48_000).to_bytes(4)  # one second later
    samples, _ = decoded(bytes(content), tmp_path / "a")
    assert heard(samples) == near((0, 1))


def test_a_capture_that_joined_late_begins_at_zero(tmp_path: Path) -> None:
    """A live stream has no duration; what went before the first packet was never part of the recording."""
    sound = Sound(tone(3, 48_000), 48_000, "libopus", stamp=lambda time: time + 1800)
    samples, duration = decoded(muxed("matroska", sound, options={"live": "1"}), tmp_path / "a")
    assert heard(samples) == near((0, 3))
    assert duration == pytest.approx(3, abs=0.05)


def test_recordings_joined_to_one_file_are_heard_one_after_another(tmp_path: Path) -> None:
    """Time stamps start anew with each of them."""
    samples, duration = decoded(encode(tone(1), SAMPLE_RATE, "ogg") * 3, tmp_path / "a")
    assert heard(samples) == near((0, 3))
    assert duration == pytest.approx(3, abs=0.1)


PACKETS = [number / 50 for number in range(150)]


@pytest.mark.parametrize("offset", [-0.3, -20.0])
def test_time_stamps_that_go_back(offset: float, tmp_path: Path) -> None:
    """A short overlap is left out, as a player does; after a long one the sound goes on, none of it lost."""
    stamps = [30 + (time if time < 1.5 else time + offset) for time in PACKETS]
    samples, duration = decoded(stamped([0.0, *stamps], tone(3.02)), tmp_path / "a")
    length = 3 + (offset if offset > -1 else 0)
    assert heard(samples) == near((0, 0.02), (30, 30 + length))
    assert duration == pytest.approx(30 + length, abs=0.05)


def test_many_short_overlaps_are_no_excuse_for_omitting_much(tmp_path: Path) -> None:
    stamps = [time - 0.3 * int(time / 0.5) for time in PACKETS]
    samples, _ = decoded(stamped(stamps, tone(3)), tmp_path / "a")
    assert 2.4 < sum(end - start for start, end in heard(samples)) < 2.8


# Hostile time stamps.

dice = random.Random(1)
HOSTILE: dict[str, list[float]] = {
    "one far ahead": [1e9 if time == 1.5 else time for time in PACKETS],
    "one back": [0.0 if time == 1.5 else time for time in PACKETS],
    "one an hour ahead": [3000.0 if time == 1.5 else time for time in PACKETS],
    "the last an hour ahead": [*PACKETS[:-1], 1e5],
    "a jump of 10^9 s": [time if time < 1.5 else time + 1e9 for time in PACKETS],
    "all at 10^9 s": [time + 1e9 for time in PACKETS],
    "all beyond any number": [time + 1e15 for time in PACKETS],
    "all the same": [0.0 for _ in PACKETS],
    "backwards": [100 - time for time in PACKETS],
    "dice": [dice.uniform(0, 1e9) for _ in PACKETS],
    "ahead and back": [time + 1e6 * (number % 2) for number, time in enumerate(PACKETS)],
    "a little before 0": [time - 0.3 for time in PACKETS],
    "negative": [time - 30 for time in PACKETS],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_absurd_time_stamps_cost_no_sound_and_no_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(stamped(HOSTILE[name], tone(3)))
    probe(tmp_path / "a", LONGEST)
    tracemalloc.start()
    samples, duration = decoded(stamped(HOSTILE[name], tone(3)), tmp_path / "a")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    total = sum(end - start for start, end in heard(samples))
    assert total == pytest.approx(3, abs=0.1), "all of it is heard"
    assert duration == len(samples) / SAMPLE_RATE
    assert duration < 200
    assert peak < 60 << 20


@pytest.mark.parametrize("stamp", [0.0, 1.2, 3000.0, 1e9])
def test_a_single_wrong_time_stamp_moves_nothing(stamp: float, tmp_path: Path) -> None:
    content = stamped([stamp if time == 1.5 else time for time in PACKETS], tone(3))
    samples, duration = decoded(content, tmp_path / "a")
    assert heard(samples) == near((0, 3))
    assert duration == pytest.approx(3, abs=0.05)


def test_a_last_packet_beyond_the_declared_end_is_not_waited_for(tmp_path: Path) -> None:
    content = stamped([*PACKETS[:-1], 3000.0], tone(3), claimed=3.0)
    samples, duration = decoded(content, tmp_path / "a")
    assert heard(samples) == near((0, 3))
    assert duration == pytest.approx(3, abs=0.05)


def test_gaps_never_exceed_the_longest_recording(tmp_path: Path) -> None:
    """Silence is made of a few bytes here, as much as is allowed and no more, in constant memory."""
    path = tmp_path / "a"
    path.write_bytes(stamped([time * 1000 for time in PACKETS], tone(3)))
    tracemalloc.start()
    length = sum(map(len, Decoding(path, LONGEST)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 2900 < length / SAMPLE_RATE < LONGEST
    assert peak < 60 << 20
    length = sum(map(len, Decoding(path, 100.0)))
    assert 3 < length / SAMPLE_RATE <= 100


def test_a_recording_with_a_long_pause_is_as_long_as_it_says(tmp_path: Path) -> None:
    """A few kilobytes for an hour look like a wrong header: the last packet shows that it is right."""
    path = tmp_path / "a"
    path.write_bytes(made("matroska", "libopus", lambda time: time + 3500 * (time > 1)))
    assert path.stat().st_size < 3500 * 16
    assert probe(path, LONGEST).duration == pytest.approx(3503, abs=0.1)
    assert probe(path, 3000.0).duration == pytest.approx(3, abs=0.1), (
        "nothing is refused for its header alone"
    )


def test_what_others_do_with_the_sound_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The VAD needs minutes for hours of silence, more than the decoder may search without finding sound."""
    monkeypatch.setattr("voxq.speech.decode._SEARCH_SECONDS", 0.1)
    (tmp_path / "a").write_bytes(made("matroska", "libopus", lambda time: time + 60 * (time > 1)))
    seconds = 0.0
    for block in Decoding(tmp_path / "a", LONGEST):
        seconds += len(block) / SAMPLE_RATE
        end = thread_time() + 0.15
        while thread_time() < end:
            pass
    assert seconds == pytest.approx(63, abs=0.1)


def test_small_deviations_are_rounding(tmp_path: Path) -> None:
    stamps = [time + random.Random(time).uniform(0, 0.03) for time in PACKETS]
    samples, _ = decoded(stamped(stamps, tone(3)), tmp_path / "a")
    assert heard(samples) == near((0, 3))


def test_a_clock_that_is_too_fast_or_too_slow_is_followed(tmp_path: Path) -> None:
    """After minutes, a drift of two in a thousand would put subtitles off."""
    marks = np.zeros(240 * SAMPLE_RATE, np.float32)
    for second in range(10, 240, 20):
        marks[second * SAMPLE_RATE : second * SAMPLE_RATE + 1600] = 0.9
    for pace in (0.998, 1.002):
        stamps = [number / 50 * pace for number in range(240 * 50)]
        samples, _ = decoded(stamped(stamps, marks), tmp_path / "a")
        starts = [start for start, _ in heard(samples)]
        assert len(starts) == 12
        assert starts == pytest.approx([second * pace for second in range(10, 240, 20)], abs=0.07)
        assert all(after > before for before, after in pairwise(starts))
