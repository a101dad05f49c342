"""Uploads that make a decoder read files, fetch, hang or exhaust memory: each is decoded or clearly
refused."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from attack import OpenedFiles
from hostile_media import foreign, misleading, references
from media_files import Sound, muxed, silent_flac, stamped, tone, wav, written

from voxq.processes.child import Child
from voxq.processes.media import MEDIA_MODULE, protocol
from voxq.speech import container
from voxq.speech.audio import MOST_TRACKS, SAMPLE_RATE, AudioError, Samples
from voxq.speech.chunking import Chunking
from voxq.speech.decode import Decoding
from voxq.speech.encode import encode

SECONDS = 30.0
"""Maximum seconds that an upload may occupy a media process; most take milliseconds."""


@dataclass(frozen=True, slots=True)
class Media:
    """A media process that must survive everything."""

    child: Child
    scratch: Path

    def probe(self, upload: Path, max_seconds: float = 8 * 3600.0) -> protocol.Probed | protocol.Failed:
        reply = self._last_reply(protocol.Probe("p", upload, max_seconds))
        assert isinstance(reply, protocol.Probed | protocol.Failed)
        return reply

    def prepare(self, upload: Path, max_seconds: float = 8 * 3600.0) -> protocol.Prepared | protocol.Failed:
        reply = self._last_reply(protocol.Prepare("d", upload, self.scratch, max_seconds, Chunking()))
        assert isinstance(reply, protocol.Prepared | protocol.Failed)
        return reply

    def decoded(self) -> Samples:
        return np.fromfile(self.scratch, "<f4")

    def _last_reply(self, request: protocol.Request) -> protocol.Reply:
        self.child.send(protocol.CODEC.encode(request))
        deadline = time.monotonic() + SECONDS
        while True:
            assert self.child.poll(max(0.0, deadline - time.monotonic())), "the decoder hangs"
            reply = protocol.CODEC.decode_reply(self.child.receive())
            if not isinstance(reply, protocol.Chunks):
                return reply


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the uploads, to which relative names in them would refer."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def media(uploads: Path) -> Iterator[Media]:
    before = Path.cwd()
    os.chdir(uploads)
    child = Child.start(MEDIA_MODULE, ["1024"])  # megabytes, as the API gives such a process
    os.chdir(before)
    yield Media(child, uploads.parent / "scratch.pcm")
    assert child.is_alive()
    assert psutil.Process(child.pid).memory_info().rss < 500 << 20
    child.kill()


@pytest.fixture
def upload(uploads: Path) -> Path:
    return uploads / "upload"


BLAMED_ON_THE_UPLOAD = {"undecodable", "no_audio", "empty", "too_long", "too_large"}


def refused(reply: protocol.Reply) -> str:
    """Return the code of a refusal, whose message must be one short sentence."""
    assert isinstance(reply, protocol.Failed), reply
    assert reply.message.endswith(".")
    assert len(reply.message) < 200
    return reply.code


# Lists of other files to open


class Requests(list[str]):
    """Record of the paths requested from a web server on the loopback interface."""

    port = 0


@pytest.fixture(scope="module")
def web() -> Iterator[Requests]:
    requests = Requests()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(written("mpegts", "aac", SAMPLE_RATE))

        def log_message(self, format: str, *args: object) -> None:
            """Do nothing, so that requests are not printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    requests.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield requests
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def secret(uploads: Path) -> Path:
    """Store recordings of others beside the upload, without extensions."""
    secret = uploads / "secret"
    secret.with_suffix(".ts").write_bytes(written("mpegts", "aac", SAMPLE_RATE))
    secret.with_suffix(".wav").write_bytes(encode(tone(1), SAMPLE_RATE, "wav"))
    return secret


def test_the_trap_would_be_detected(secret: Path, web: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unprotected decoding reads and fetches with these bytes; otherwise the next test would prove
    nothing."""
    monkeypatch.chdir(secret.parent)
    texts = references(secret, web.port)
    bait = secret.parent / "bait.m3u8"
    for name in ("hls absolute path", "concat relative path"):
        bait.write_text(texts[name])
        with OpenedFiles(secret.parent) as opened, av.open(str(bait)) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) > 0
            assert any(name.startswith("secret.") for name in opened.names())
    bait.write_text(texts["hls http"])
    with bait.open("rb") as named, av.open(named) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > 0
    assert "/secret.ts" in web
    web.clear()


@pytest.mark.parametrize("name", references(Path("x"), 1))
def test_nothing_but_the_upload_is_opened(media: Media, secret: Path, web: Requests, name: str) -> None:
    for suffix in ("", ".mp3", ".m3u8"):
        upload = secret.parent / f"disguised{suffix}"
        upload.write_text(references(secret, web.port)[name])
        with OpenedFiles(secret.parent) as opened:
            assert refused(media.probe(upload)) == "undecodable"
            assert refused(media.prepare(upload)) == "undecodable"
            assert opened.names() == {upload.name}
    assert web == []


@pytest.mark.parametrize("name", references(Path("x"), 1))
@pytest.mark.parametrize("without", ["format_whitelist", "protocol_whitelist"])
def test_either_whitelist_alone_keeps_other_files_closed(
    secret: Path, web: Requests, monkeypatch: pytest.MonkeyPatch, name: str, without: str
) -> None:
    """If a demuxer that opens other files ever slips into the list of formats, no protocol opens them."""
    options = {key: value for key, value in container._OPTIONS.items() if key != without}
    monkeypatch.setattr(container, "_OPTIONS", options)
    monkeypatch.chdir(secret.parent)  # for the names that are relative
    upload = secret.parent / "disguised"
    upload.write_text(references(secret, web.port)[name])
    with OpenedFiles(secret.parent) as opened:
        with pytest.raises(AudioError):
            list(Decoding(upload, 60.0))
        assert opened.names() == {upload.name}
    assert web == []


def test_more_tracks_than_are_allowed_are_refused(media: Media, upload: Path) -> None:
    """Each track has a decoder and buffers of its own; a header of a few kilobytes can name a thousand."""
    for muxer in ("matroska", "mov"):
        upload.write_bytes(muxed(muxer, *[Sound(tone(0.1), codec="pcm_s16le")] * MOST_TRACKS))
        assert isinstance(media.probe(upload), protocol.Probed)
        end = media.prepare(upload)
        assert isinstance(end, protocol.Prepared) and end.duration == 0.1 and len(end.tracks) == MOST_TRACKS
        for count in (MOST_TRACKS + 1, 200):
            upload.write_bytes(muxed(muxer, *[Sound(tone(0.1), codec="pcm_s16le")] * count))
            # libavformat itself stops at twice as many: in a MOV with an error, in Matroska without one
            code = "too_large" if (muxer, count) == ("mov", 200) else "undecodable"
            assert refused(media.probe(upload)) == code
            assert refused(media.prepare(upload)) == code


@pytest.mark.parametrize("name", foreign())
def test_files_that_are_no_recordings_are_refused(media: Media, upload: Path, name: str) -> None:
    upload.write_bytes(foreign()[name])
    assert refused(media.probe(upload)) in {"undecodable", "no_audio", "empty"}
    assert refused(media.prepare(upload)) in {"undecodable", "no_audio", "empty"}


@pytest.mark.parametrize("name", misleading())
def test_misleading_files_are_decoded_or_refused(media: Media, upload: Path, name: str) -> None:
    upload.write_bytes(misleading()[name])
    for reply in (media.probe(upload), media.prepare(upload)):
        assert not isinstance(reply, protocol.Failed) or refused(reply) in BLAMED_ON_THE_UPLOAD


# Headers with false values


def test_a_wav_that_claims_too_many_samples_is_decoded_to_its_end(media: Media, upload: Path) -> None:
    data = np.zeros(SAMPLE_RATE, "<i2").tobytes()
    for size in (0xFFFFFFFF, 0x7FFFFFFF, len(data) * 1000):
        upload.write_bytes(wav(data, size=size))
        media.probe(upload)
        end = media.prepare(upload)
        assert isinstance(end, protocol.Prepared)
        assert end.duration == 1.0


@pytest.mark.parametrize("seconds", [0, 0.001, 1, 7 * 3600, 10**6, 2**31 - 1])
def test_an_m4a_with_a_false_length_in_its_header_is_decoded(
    media: Media, upload: Path, seconds: float
) -> None:
    """What it says is believed if its size and its first packets make it possible; otherwise its packets are
    counted."""
    content = bytearray(written("ipod", "aac", 48_000))
    for box, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        at = content.index(box) + offset
        content[at : at + 4] = struct.pack(">I", min(round(seconds * 1000), 2**32 - 1))
    upload.write_bytes(content)
    found = media.probe(upload)
    assert isinstance(found, protocol.Probed)
    assert found.info.duration == pytest.approx(3.0, abs=0.1)
    end = media.prepare(upload)
    assert isinstance(end, protocol.Prepared)
    assert end.duration == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("claimed", [1.0, 15.0])
def test_a_long_recording_cannot_pass_for_a_short_one(media: Media, upload: Path, claimed: float) -> None:
    """A key's queue quota counts seconds before anything is decoded."""
    content = bytearray(encode(tone(60), SAMPLE_RATE, "flac"))
    content[22:26] = struct.pack(">I", round(claimed * SAMPLE_RATE))  # the number of samples
    upload.write_bytes(content)
    found = media.probe(upload)
    assert isinstance(found, protocol.Probed)
    assert found.info.duration == pytest.approx(60.0, abs=0.1)


def test_bytes_that_mean_nothing_do_not_make_a_recording_pass_for_a_short_one(
    media: Media, upload: Path
) -> None:
    """Among the first packets, they let it seem that few fit into the file."""
    stamps = [number / 50 for number in range(60 * 50)]
    upload.write_bytes(stamped(stamps, tone(60), claimed=2.0, void=40 << 20))
    found = media.probe(upload)
    assert isinstance(found, protocol.Probed)
    assert found.info.duration == pytest.approx(60.0, abs=0.1)


def test_a_few_bytes_cannot_pass_for_a_long_recording(media: Media, upload: Path) -> None:
    upload.write_bytes(stamped([number / 50 for number in range(150)], tone(3), claimed=7000.0))
    found = media.probe(upload)
    assert isinstance(found, protocol.Probed)
    assert found.info.duration == pytest.approx(3.0, abs=0.1)


def test_non_finite_samples_become_silence_or_limits(media: Media, upload: Path) -> None:
    samples = np.resize(np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.5], "<f4"), SAMPLE_RATE)
    upload.write_bytes(wav(samples.tobytes(), bits=32, code=3))
    assert isinstance(media.prepare(upload), protocol.Prepared)
    decoded = media.decoded()
    assert np.isfinite(decoded).all()
    assert np.abs(decoded).max() <= 1.0


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_ninety_six_channels_are_mixed(media: Media, upload: Path, bits: int) -> None:
    level = 2 ** (bits - 2)  # half of the maximum; eight bits are unsigned
    value = (level + (128 if bits == 8 else 0)).to_bytes(bits // 8, "little")
    upload.write_bytes(wav(value * 96 * SAMPLE_RATE, channels=96, bits=bits))
    found = media.probe(upload)
    assert isinstance(found, protocol.Probed)
    assert found.info.channels == 96
    assert isinstance(media.prepare(upload), protocol.Prepared)
    assert media.decoded() == pytest.approx(np.full(SAMPLE_RATE, 0.5), abs=0.01)


def test_more_planes_than_the_decoder_binding_finds_are_refused(media: Media, upload: Path) -> None:
    """Reading such a frame as an array would crash, or return other contents of memory."""
    with av.open(str(upload), "w", format="wv") as container:
        stream = container.add_stream("wavpack", rate=SAMPLE_RATE, layout="hexadecagonal")
        packed = np.zeros((1, 16 * SAMPLE_RATE), np.int16)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="hexadecagonal")
        frame.sample_rate = SAMPLE_RATE
        container.start_encoding()
        resampler = av.AudioResampler(
            stream.codec_context.format,
            "hexadecagonal",
            SAMPLE_RATE,
            frame_size=stream.codec_context.frame_size,
        )
        for ready in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(ready))
    assert refused(media.probe(upload)) == "undecodable"
    assert refused(media.prepare(upload)) == "undecodable"


@pytest.mark.parametrize(
    ("channels", "rate"),
    [(0, 16_000), (65_535, 16_000), (1, 0), (1, 1), (1, 100), (1, 2**31), (1, 2**32 - 1), (0, 0)],
)
def test_impossible_channels_and_rates_are_refused(
    media: Media, upload: Path, channels: int, rate: int
) -> None:
    upload.write_bytes(wav(bytes(100_000), channels=channels, rate=rate))
    assert refused(media.probe(upload)) in {"undecodable", "empty"}
    assert refused(media.prepare(upload)) in {"undecodable", "empty"}


# Almost empty, and far too large


def test_an_empty_upload_is_refused(media: Media, upload: Path) -> None:
    for content in (b"", b"\0", bytes(1000), b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff\xfb"):
        upload.write_bytes(content)
        assert refused(media.probe(upload)) in {"undecodable", "empty"}
        assert refused(media.prepare(upload)) in {"undecodable", "empty"}


@pytest.mark.parametrize("milliseconds", [0, 1, 99])
@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_extremely_short_recordings_are_silent_or_refused(
    media: Media, upload: Path, milliseconds: int, format: str
) -> None:
    upload.write_bytes(encode(tone(milliseconds / 1000), SAMPLE_RATE, format))
    found, end = media.probe(upload), media.prepare(upload)
    if milliseconds == 0:
        assert refused(found) in {"empty", "undecodable", "no_audio"}
        assert refused(end) in {"empty", "undecodable", "no_audio"}
    else:
        assert isinstance(found, protocol.Probed)
        assert isinstance(end, protocol.Prepared)


def test_pictures_without_sound_are_refused(media: Media, upload: Path) -> None:
    for muxer, codec in (("mp4", "libx264"), ("matroska", "mpeg4")):
        with av.open(str(upload), "w", format=muxer) as container:
            stream = container.add_stream(codec, rate=10)
            stream.width = stream.height = 64
            stream.pix_fmt = "yuv420p"
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        assert refused(media.probe(upload)) == "no_audio"
        assert refused(media.prepare(upload)) == "no_audio"


def test_six_hours_in_a_few_bytes_take_no_memory(upload: Path) -> None:
    upload.write_bytes(silent_flac(6 * 3600))
    assert upload.stat().st_size < 100_000
    code = (
        "import sys; from pathlib import Path; from voxq.speech.decode import decode_blocks\n"
        "print(sum(map(len, decode_blocks(Path(sys.argv[1]), 30_000))))\n"
        # Not ru_maxrss, which starts with the parent's value at the fork.
        "status = Path('/proc/self/status').read_text()\n"
        "print(status.partition('VmHWM:')[2].split()[0])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(upload)], capture_output=True, check=True, timeout=SECONDS
    )
    samples, kilobytes = map(int, answer.stdout.split())
    assert samples / SAMPLE_RATE == pytest.approx(6 * 3600, abs=4)
    assert kilobytes < 200_000


def test_a_year_of_silence_is_too_long_before_it_is_decoded(media: Media, upload: Path) -> None:
    upload.write_bytes(silent_flac(40 * 3600))
    started = time.monotonic()
    assert refused(media.probe(upload)) == "too_long"
    assert refused(media.prepare(upload, max_seconds=60.0)) == "too_long"
    assert time.monotonic() - started < SECONDS
    assert media.scratch.stat().st_size <= 60 * SAMPLE_RATE * 4


# Damage


@cache
def intact(name: str) -> bytes:
    return written(*WHOLE[name])


WHOLE = {
    "wav": ("wav", "pcm_s16le", 16_000),
    "mp3": ("mp3", "libmp3lame", 44_100),
    "m4a": ("ipod", "aac", 44_100),
    "aac": ("adts", "aac", 44_100),
    "flac": ("flac", "flac", 48_000),
    "ogg": ("ogg", "libopus", 48_000),
    "webm": ("webm", "libopus", 48_000),
    "wma": ("asf", "wmav2", 44_100),
    "amr": ("amr", "libopencore_amrnb", 8_000),
    "video": ("mp4", "aac", 44_100, "libx264"),
    "aiff": ("aiff", "pcm_s16be", 16_000),
    "caf": ("caf", "pcm_s16le", 16_000),
    "au": ("au", "pcm_mulaw", 8_000),
    "w64": ("w64", "pcm_s24le", 16_000),
    "ac3": ("ac3", "ac3", 48_000),
    "eac3": ("eac3", "eac3", 48_000),
    "tta": ("tta", "tta", 16_000),
    "wv": ("wv", "wavpack", 16_000),
    "mov": ("mov", "alac", 44_100),
    "3gp": ("3gp", "libopencore_amrnb", 8_000),
    "adpcm": ("wav", "adpcm_ms", 16_000),
    "mp2": ("mp2", "mp2", 44_100),
}


@pytest.mark.parametrize("name", WHOLE)
def test_truncated_files_are_decoded_as_far_as_possible_or_refused(
    media: Media, upload: Path, name: str
) -> None:
    content = intact(name)
    dice = random.Random(name)
    for length in sorted(dice.sample(range(len(content)), 15)):
        upload.write_bytes(content[:length])
        found, end = media.probe(upload), media.prepare(upload)
        assert isinstance(found, protocol.Probed) or found.code in BLAMED_ON_THE_UPLOAD
        assert isinstance(end, protocol.Prepared) or end.code in BLAMED_ON_THE_UPLOAD
        assert isinstance(end, protocol.Failed) or end.duration < 3.3


@pytest.mark.parametrize("name", WHOLE)
def test_files_with_flipped_bits_are_decoded_or_refused(media: Media, upload: Path, name: str) -> None:
    dice = random.Random(name)
    for flips in [1, 4, 16, 64, 256] * 4:
        content = bytearray(intact(name))
        reach = dice.choice([64, 512, len(content)])  # headers are the most sensitive
        for _ in range(flips):
            content[dice.randrange(min(reach, len(content)))] ^= 1 << dice.randrange(8)
        upload.write_bytes(content)
        for reply in (media.probe(upload, max_seconds=600.0), media.prepare(upload, max_seconds=600.0)):
            assert not isinstance(reply, protocol.Failed) or reply.code in BLAMED_ON_THE_UPLOAD
        assert media.scratch.stat().st_size <= 600 * SAMPLE_RATE * 4


EXTREMES = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80\0\0\0",
    b"\0\0\0\1",
)


@pytest.mark.parametrize("seed", range(6))
def test_mutated_recordings_are_decoded_or_refused(media: Media, upload: Path, seed: int) -> None:
    """Pieces of all formats are doubled, omitted and nested, with extreme numbers in their headers."""
    dice = random.Random(seed)
    for _ in range(25):
        content = _disfigured(dice, bytearray(intact(dice.choice(list(WHOLE)))))
        upload.write_bytes(content)
        for reply in (media.probe(upload, max_seconds=600.0), media.prepare(upload, max_seconds=600.0)):
            assert not isinstance(reply, protocol.Failed) or reply.code in BLAMED_ON_THE_UPLOAD
        assert media.scratch.stat().st_size <= 600 * SAMPLE_RATE * 4


def _disfigured(dice: random.Random, content: bytearray) -> bytes:
    for _ in range(dice.choice([1, 2, 4, 8])):
        start = dice.randrange(len(content))
        end = start + dice.choice([1, 4, 64, 4096])
        match dice.randrange(5):
            case 0:
                content[start:start] = content[start:end] * dice.choice([1, 10, 500])
            case 1 if len(content) > 5000:
                del content[start:end]
            case 2:
                content[start:start] = intact(dice.choice(list(WHOLE)))[:50_000]
            case 3:
                place = dice.randrange(min(600, len(content)))
                content[place : place + 4] = dice.choice(EXTREMES)
            case _:
                content[start:end] = bytes(end - start)
    return bytes(content[: 4 << 20])
