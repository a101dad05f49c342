"""Which sound track of a recording is taken, and which decoder may open it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hostile_media import forbidden
from media_files import Sound, muxed

from voxq.speech.audio import SAMPLE_RATE, AudioError, Samples
from voxq.speech.decode import Decoding
from voxq.speech.probe import probe
from voxq.speech.track_languages import code_of_tag

NOTES = (300.0, 500.0, 700.0)


def note(pitch: float, seconds: float = 1.0) -> Samples:
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(
        "f4"
    )


def decoded(content: bytes, path: Path, track: str | None = None) -> tuple[Decoding, float]:
    """Decode a file and find the pitch of what is heard."""
    path.write_bytes(content)
    decoding = Decoding(path, 60.0, track=track)
    samples = np.concatenate(list(decoding))
    return decoding, float(np.argmax(np.abs(np.fft.rfft(samples))) * SAMPLE_RATE / len(samples))


def with_flags(*flags: bool) -> bytes:
    sounds = [
        Sound(note(pitch), default=flag, language=language, title=f"Track {pitch:g}")
        for pitch, flag, language in zip(NOTES, flags, ("eng", "chi", None), strict=False)
    ]
    return muxed("matroska", *sounds)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((False, True, False), 1),
        ((True, True, True), 0),
        ((False, False, False), 0),
        ((False, False, True), 2),
    ],
)
def test_the_default_track_is_taken_and_otherwise_the_first(
    flags: tuple[bool, ...], expected: int, tmp_path: Path
) -> None:
    decoding, pitch = decoded(with_flags(*flags), tmp_path / "a")
    assert pitch == pytest.approx(NOTES[expected], abs=5)
    assert decoding.taken is not None and decoding.taken.index == expected
    assert [track.language for track in decoding.tracks] == ["en", "zh", None]
    assert [track.title for track in decoding.tracks] == ["Track 300", "Track 500", "Track 700"]
    assert [track.default for track in decoding.tracks] == list(flags)


@pytest.mark.parametrize(("track", "expected"), [("0", 0), ("1", 1), ("2", 2), ("en", 0), ("zh", 1)])
def test_a_track_is_taken_by_its_number_or_its_language(track: str, expected: int, tmp_path: Path) -> None:
    _, pitch = decoded(with_flags(False, False, True), tmp_path / "a", track)
    assert pitch == pytest.approx(NOTES[expected], abs=5)


@pytest.mark.parametrize("track", ["3", "fr", "und", "../1"])
def test_a_track_that_is_not_there_is_refused_with_those_that_are(track: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(with_flags(True, False, False))
    for look in (lambda: probe(path, 60.0, track=track), lambda: list(Decoding(path, 60.0, track=track))):
        with pytest.raises(AudioError) as refused:
            look()
        assert refused.value.code == "unknown_track"
        assert str(refused.value).endswith("there are: 0 (en, aac), 1 (zh, aac), 2 (aac).")


@pytest.mark.parametrize("silent", ["zeros", "no packets"])
def test_a_silent_track_is_passed_over_unless_it_was_asked_for(silent: str, tmp_path: Path) -> None:
    """Recorders of screens write a track for a microphone that was never connected."""
    nothing = Sound(0 * note(1), default=True, stamp=lambda time: time if silent == "zeros" else None)
    content = muxed("matroska", nothing, Sound(note(500.0), default=False))
    decoding, pitch = decoded(content, tmp_path / "a")
    assert pitch == pytest.approx(500.0, abs=5)
    assert decoding.taken is not None and decoding.taken.index == 1
    assert probe(tmp_path / "a", 60.0).codec == "aac"
    if silent == "zeros":
        assert decoded(content, tmp_path / "a", "0")[0].taken == decoding.tracks[0]


def test_a_track_with_a_codec_that_is_not_allowed_is_passed_over(tmp_path: Path) -> None:
    foreign = Sound(note(300.0)[:8000], 8_000, "real_144", default=True)
    content = muxed("matroska", foreign, Sound(note(500.0), default=False))
    decoding, pitch = decoded(content, tmp_path / "a")
    assert pitch == pytest.approx(500.0, abs=5)
    assert [track.codec for track in decoding.tracks] == ["real_144", "aac"]
    with pytest.raises(AudioError, match="real_144"):
        decoded(content, tmp_path / "a", "0")


@pytest.mark.parametrize("name", forbidden())
def test_no_decoder_outside_the_list_is_used(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(forbidden()[name])
    for look in (lambda: probe(path, 60.0), lambda: list(Decoding(path, 60.0))):
        with pytest.raises(AudioError, match=f"is not supported: {name.split()[-1]}") as refused:
            look()
        assert refused.value.code == "undecodable"


def test_a_title_is_plain_text(tmp_path: Path) -> None:
    sounds = (Sound(note(300.0), title="a\x1b[31m\nb" + "x" * 500), Sound(note(500.0)))
    decoding, _ = decoded(muxed("matroska", *sounds), tmp_path / "a")
    title = decoding.tracks[0].title
    assert title is not None and title.isprintable() and len(title) == 80


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        *(("eng", "en"), ("chi", "zh"), ("zho", "zh"), ("zh-Hans-CN", "zh"), ("ger", "de"), ("de", "de")),
        *(("und", None), ("", None), ("tlh", "tlh"), ("../../etc", None), ("x" * 99, None)),
    ],
)
def test_languages_of_tags(tag: str, code: str | None) -> None:
    assert code_of_tag(tag) == code
