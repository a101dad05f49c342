import io
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_files import TONE, tone, written

from voxq.speech import frames
from voxq.speech.audio import MIME_TYPES, SAMPLE_RATE, SUPPORTED_FORMATS, AudioError, Samples
from voxq.speech.decode import decode_blocks
from voxq.speech.encode import ENCODABLE, encode
from voxq.speech.probe import probe

FORMATS = [
    pytest.param("wav", "pcm_s16le", 44_100, None, "wav", id="wav"),
    pytest.param("wav", "pcm_f32le", 48_000, None, "wav", id="float wav"),
    pytest.param("wav", "pcm_alaw", 8_000, None, "wav", id="telephone wav"),
    pytest.param("mp3", "libmp3lame", 44_100, None, "mp3", id="mp3"),
    pytest.param("ipod", "aac", 44_100, None, "m4a", id="m4a"),
    pytest.param("mp4", "aac", 44_100, None, "m4a", id="mp4 without pictures"),
    pytest.param("adts", "aac", 44_100, None, "aac", id="aac"),
    pytest.param("flac", "flac", 48_000, None, "flac", id="flac"),
    pytest.param("ogg", "libopus", 48_000, None, "ogg", id="ogg opus"),
    pytest.param("webm", "libopus", 48_000, None, "webm", id="webm"),
    pytest.param("webm", "libopus", 48_000, "libvpx", "webm", id="webm video"),
    pytest.param("matroska", "aac", 44_100, "libx264", "mkv", id="mkv video"),
    pytest.param("amr", "libopencore_amrnb", 8_000, None, "amr", id="amr"),
    pytest.param("3gp", "libopencore_amrnb", 8_000, None, "3gp", id="3gp"),
    pytest.param("asf", "wmav2", 44_100, None, "wma", id="wma"),
    pytest.param("mp4", "aac", 44_100, "libx264", "mp4", id="mp4 video"),
    pytest.param("mov", "aac", 44_100, "mpeg4", "mov", id="mov video"),
    pytest.param("aiff", "pcm_s16be", 44_100, None, "aiff", id="aiff"),
    pytest.param("caf", "pcm_s16le", 44_100, None, "caf", id="caf"),
    pytest.param("au", "pcm_s16be", 44_100, None, "au", id="au"),
]


@pytest.mark.parametrize(("muxer", "codec", "rate", "video", "extension"), FORMATS)
def test_every_format_decodes_to_what_was_encoded(
    tmp_path: Path, muxer: str, codec: str, rate: int, video: str | None, extension: str
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(written(muxer, codec, rate, video))
    info = probe(path, 60)
    assert info.extension == extension
    assert info.mime.split("/")[1] == MIME_TYPES[extension].split("/")[1]
    assert info.duration == pytest.approx(3.0, abs=0.15)
    assert (info.sample_rate, info.channels) == (rate, 1)

    samples = np.concatenate(list(decode_blocks(path, 60)))
    assert samples.dtype == np.float32
    assert len(samples) / SAMPLE_RATE == pytest.approx(3.0, abs=0.15)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(samples) == pytest.approx(TONE, abs=2)
    assert np.sqrt(np.mean(np.square(samples))) == pytest.approx(0.3 / np.sqrt(2), rel=0.3)  # AMR is coarse


def test_the_listed_formats_cover_the_stored_ones() -> None:
    assert set(MIME_TYPES) <= set(SUPPORTED_FORMATS)
    assert SUPPORTED_FORMATS[:4] == ("wav", "mp3", "m4a", "flac")


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(ENCODABLE),
    st.sampled_from([8_000, 16_000, 22_050, 24_000, 48_000]),
    st.integers(100, 30_000),
)
def test_encode_and_decode_keep_the_length(
    tmp_path_factory: pytest.TempPathFactory, format: str, rate: int, count: int
) -> None:
    path = tmp_path_factory.mktemp("encoded") / "upload"
    path.write_bytes(encode(tone(count / rate, rate), rate, format))
    decoded = sum(map(len, decode_blocks(path, 60))) / SAMPLE_RATE
    # Lossy codecs pad a frame or omit their warm-up; none may lose or add more than that.
    assert decoded == pytest.approx(
        count / rate, abs=0.05 + 2048 / rate if format in {"m4a", "mp3", "ogg"} else 0.001
    )


def test_encode_refuses_what_it_cannot_write() -> None:
    with pytest.raises(ValueError, match="wav"):
        encode(tone(1), 16_000, "exe")
    with pytest.raises(ValueError, match="dimension"):
        encode(np.zeros((2, 10), np.float32), 16_000, "wav")


@pytest.mark.parametrize("format", ENCODABLE)
def test_no_samples_are_an_error_not_a_transcript(tmp_path: Path, format: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(encode(np.zeros(0, np.float32), 16_000, format))
    for look in (lambda: probe(path, 60), lambda: list(decode_blocks(path, 60))):
        with pytest.raises(AudioError) as refused:
            look()
        assert refused.value.code in {"empty", "undecodable", "no_audio"}


@pytest.mark.parametrize(
    ("layout", "samples", "rate", "is_usable"),
    [("mono", 1, 16_000, True), ("mono", 0, 16_000, False), ("mono", 1, 1, False), ("7.1", 1, 48_000, True)],
)
def test_frames_without_samples_count_for_nothing(
    layout: str, samples: int, rate: int, is_usable: bool
) -> None:
    """Frames that are used put off the question for how long the decoder has been searching."""
    frame = av.AudioFrame("fltp", layout, samples)
    frame.sample_rate = rate
    assert frames._is_usable(frame) is is_usable


def test_excessive_length_is_found_in_header_packets_and_audio(tmp_path: Path) -> None:
    for content in (encode(tone(5), 16_000, "wav"), written("adts", "aac", 44_100)):
        path = tmp_path / "upload"
        path.write_bytes(content)
        for look in (lambda p: probe(p, 2.5), lambda p: list(decode_blocks(p, 2.5))):
            with pytest.raises(AudioError, match=r"longer than 2\.5 seconds") as refused:
                look(path)
            assert refused.value.code == "too_long"


def test_a_recording_of_just_the_maximum_passes(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(encode(tone(2), 16_000, "wav"))
    assert probe(path, 2.0).duration == 2.0
    assert sum(map(len, decode_blocks(path, 2.0))) == 2 * SAMPLE_RATE


def test_damage_in_the_middle_loses_only_that_part(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    content = bytearray(written("mp3", "libmp3lame", 44_100))
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    assert sum(map(len, decode_blocks(path, 60))) > 2 * SAMPLE_RATE


def test_a_missing_file_is_an_error_with_a_code(tmp_path: Path) -> None:
    with pytest.raises(AudioError) as refused:
        probe(tmp_path / "nothing", 60)
    assert refused.value.code == "missing"


def stereo_wav(left: Samples, right: Samples) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="wav") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.stack((left, right)).T.reshape(1, -1), "flt", "stereo")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(("left", "right", "mixed"), [(0.9, 0.9, 0.9), (-1.0, -1.0, -1.0)])
def test_stereo_is_mixed_without_clipping(tmp_path: Path, left: float, right: float, mixed: float) -> None:
    path = tmp_path / "upload"
    flat = np.ones(16_000, np.float32)
    path.write_bytes(stereo_wav(left * flat, right * flat))
    assert probe(path, 60).channels == 2
    samples = np.concatenate(list(decode_blocks(path, 60)))
    assert samples == pytest.approx(mixed * flat, abs=0.001)


def adts_frames(layout: str, path: Path) -> list[bytes]:
    """Frames of twenty seconds of AAC."""
    sound = np.vstack([tone(20)] * (1 if layout == "mono" else 2))
    with av.open(str(path), "w", format="adts") as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE, layout=layout)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout=layout)
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content, frames = path.read_bytes(), []
    while content:
        length = (content[3] & 3) << 11 | content[4] << 3 | content[5] >> 5
        frames, content = [*frames, content[:length]], content[length:]
    return frames


def test_channels_that_change_with_every_frame_cost_no_more_than_others(tmp_path: Path) -> None:
    path = tmp_path / "a"
    pairs = zip(adts_frames("mono", path), adts_frames("stereo", path), strict=True)
    path.write_bytes(b"".join(frame for pair in pairs for frame in pair))
    blocks = list(decode_blocks(path, 60))
    assert len(blocks) < 10, "the mix goes by blocks, and not by frames"
    assert sum(map(len, blocks)) == pytest.approx(40 * SAMPLE_RATE, abs=SAMPLE_RATE / 5)
