"""Opening of recordings: each of the limits that libavformat and libavcodec are given, without the others."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import psutil
import pytest
from attack import OpenedFiles, listener
from hostile_media import forbidden, references
from media_files import Sound, muxed, tone, wav

from voxq.speech import container
from voxq.speech.audio import SAMPLE_RATE, AudioError
from voxq.speech.container import Patience, opened
from voxq.speech.decode import Decoding
from voxq.speech.probe import probe

FOR_PLAYLISTS = [name for name in references(Path("x"), 1) if name.startswith("hls")]


@pytest.mark.parametrize("name", FOR_PLAYLISTS)
def test_a_stream_without_a_name_is_no_playlist(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even without the lists of formats and protocols: libavformat judges a playlist by its name, too."""
    options = {key: value for key, value in container._OPTIONS.items() if not key.endswith("whitelist")}
    monkeypatch.setattr(container, "_OPTIONS", options)
    bait = tmp_path / "bait"
    bait.with_suffix(".ts").write_bytes(muxed("mpegts", Sound(tone(1))))
    upload = tmp_path / "disguised.m3u8"
    with listener() as port, OpenedFiles(tmp_path) as seen:
        upload.write_text(references(bait, port.port)[name])
        with pytest.raises(AudioError):
            list(Decoding(upload, 60.0))
        assert seen.names() == {upload.name}
    assert port.heard == []


@pytest.mark.parametrize("name", [each for each in forbidden() if each != "mp3 mp1"])
def test_libavformat_opens_no_decoder_outside_the_list_to_inspect_a_file(name: str) -> None:
    """Only a decoder knows the format of these samples; that of MPEG layer 1 is known to its parser."""
    with av.open(io.BytesIO(forbidden()[name]), options=container._OPTIONS) as recording:
        assert recording.streams.audio[0].codec_context.format is None
    allowed = muxed("wav", Sound(tone(1), codec="adpcm_ms"))
    with av.open(io.BytesIO(allowed), options=container._OPTIONS) as recording:
        assert recording.streams.audio[0].codec_context.format is not None, "else nothing was shown"


def test_a_decoder_works_in_the_thread_whose_time_is_counted(tmp_path: Path) -> None:
    """WavPack's has threads of its own otherwise."""
    path = tmp_path / "a"
    path.write_bytes(muxed("wv", Sound(tone(3), codec="wavpack")))
    with opened(path, Patience(10)) as recording:
        before = psutil.Process().num_threads()
        next(recording.container.decode(recording.stream))
        assert psutil.Process().num_threads() == before


def test_a_title_that_is_no_unicode_costs_no_recording(tmp_path: Path) -> None:
    """WAV files have titles in the code page of the machine that wrote them."""
    title = b"Caf\xe9\0\0"
    listed = b"INFOINAM" + struct.pack("<I", 5) + title
    path = tmp_path / "a"
    path.write_bytes(wav(bytes(2 * SAMPLE_RATE)) + b"LIST" + struct.pack("<I", len(listed)) + listed)
    assert probe(path, 60.0).duration == 1.0
    assert sum(map(len, Decoding(path, 60.0))) == SAMPLE_RATE


@pytest.mark.parametrize("place", [2**62, 2**63 - 1])
def test_sound_beyond_the_largest_file_is_damage_and_no_trouble_with_the_disk(
    place: int, tmp_path: Path
) -> None:
    """Most file systems refuse to seek there, with the error that a failing disk might give."""
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    content = bytearray(muxed("mp4", Sound(tone(3)), options=fragments))
    base = content.index(b"tfhd") + 12  # behind the flags and the number of the track
    content[base : base + 8] = struct.pack(">q", place)
    path = tmp_path / "a"
    path.write_bytes(content)
    for look in (lambda: probe(path, 60.0), lambda: list(Decoding(path, 60.0))):
        with pytest.raises(AudioError) as refused:
            look()
        assert refused.value.code == "undecodable"
