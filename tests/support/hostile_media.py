"""Hostile uploads: files that make a decoder open others, and files that are no audio."""

from __future__ import annotations

import base64
import io
import struct
import tarfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from media_files import Sound, muxed, silent_flac, tone, wav, written

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.encode import encode


def playlist(*lines: str) -> str:
    head = ("#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:10", "#EXT-X-MEDIA-SEQUENCE:0")
    return "\n".join((*head, *lines, "#EXT-X-ENDLIST", ""))


def references(secret: Path, port: int) -> dict[str, str]:
    """Uploads that refer to other files and URLs."""
    web = f"http://127.0.0.1:{port}"
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="{web}/key"'
    return {
        "hls file url": playlist("#EXTINF:1.0,", f"file://{secret}.ts"),
        "hls absolute path": playlist("#EXTINF:1.0,", f"{secret}.ts"),
        "hls relative path": playlist("#EXTINF:1.0,", f"{secret.name}.ts"),
        "hls passwords": playlist("#EXTINF:10.0,", "file:///etc/passwd"),
        "hls http": playlist("#EXTINF:1.0,", f"{web}/secret.ts"),
        "hls key": playlist(key, "#EXTINF:1.0,", f"{web}/secret.ts"),
        "hls map": playlist(f'#EXT-X-MAP:URI="{web}/init.mp4"', "#EXTINF:1.0,", f"{web}/secret.m4s"),
        "concat absolute path": f"ffconcat version 1.0\nfile '{secret}.wav'\n",
        "concat relative path": f"ffconcat version 1.0\nfile '{secret.name}.wav'\n",
        "concat http": f"ffconcat version 1.0\nfile '{web}/secret.wav'\n",
        "concat protocol": f"ffconcat version 1.0\nfile 'concat:{secret}.wav|{secret}.wav'\n",
        "subfile protocol": f"ffconcat version 1.0\nfile 'subfile,,start,0,end,99,,:{secret}.wav'\n",
        "dash": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011" mediaPresentationDuration="PT1S" '
            'minBufferTime="PT1S"><Period><AdaptationSet mimeType="audio/mp4">'
            f'<Representation id="a" bandwidth="1000"><BaseURL>{web}/ok.m4a</BaseURL><SegmentBase/>'
            "</Representation></AdaptationSet></Period></MPD>"
        ),
        "sdp": (
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
            f"m=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
        ),
        "rtsp redirect": f"RTSPtext\nrtsp://127.0.0.1:{port}/x\n",
        "m3u": f"{web}/secret.mp3\n",
        "media link": f'<?quicktime type="application/x-quicktime-media-link"?><embed src="{web}/x"/>',
        "image": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{web}/x.png"/></svg>',
        "subtitles": "1\n00:00:00,000 --> 00:00:01,000\nhello\n",
    }


@cache
def foreign() -> dict[str, bytes]:
    """Uploads that are no recordings, by mistake or as an attack."""
    zeros = bytes(10 << 20)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../../x.wav", zeros)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as packed:
        link = tarfile.TarInfo("x.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    return {
        "zip bomb": archive.getvalue(),
        "gzip bomb": zlib.compress(zeros, wbits=31),
        "tar with a link": tar.getvalue(),
        "png": base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        ),
        "gif": b"GIF89a\xff\xff\xff\xff\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;",
        "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + bytes(1000) + b"\xff\xd9",
        "bmp of gigabytes": b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 65535, 65535, 1, 24, *[0] * 6),
        "ico": b"\0\0\1\0\1\0\0\0\0\0\1\0\x20\0" + bytes(100),
        "pdf": b"%PDF-1.7\n1 0 obj<</S/URI/URI(http://127.0.0.1/)>>endobj\n%%EOF",
        "elf": b"\x7fELF\2\1\1" + bytes(500),
        "script": b"#!/bin/sh\nid > /tmp/x\n",
        "html": b"<html><audio src=http://127.0.0.1/x></html>",
        "ass": b"[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,,,,,,,hi\n",
        "webvtt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n",
        "midi": b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0",
        "mpegts": written("mpegts", "aac", SAMPLE_RATE),
        "avi": written("avi", "mp3", 44_100),
        "flv": written("flv", "mp3", 44_100),
        "nut": written("nut", "pcm_s16le", SAMPLE_RATE),
        "a pickle": b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        "numpy": b"\x93NUMPY\1\0\x76\0{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "zeros": zeros[:100_000],
        "ones": b"\xff" * 100_000,
        "text": b"Hello. " * 10_000,
    }


@cache
def forbidden() -> dict[str, bytes]:
    """Recordings whose codec, the last word of a name, is outside the list, in each container that can hold
    one. Raw AAC, AC-3, AMR, FLAC, APE, TTA and WavPack hold one codec each; Ogg has none."""
    written_by_muxers = {
        "wav": ("g722", "g726", "adpcm_swf", "adpcm_yamaha", "dfpwm", "pcm_s64le"),
        "w64": ("g722", "adpcm_yamaha"),
        "mov": ("nellymoser",),
        "matroska": ("real_144",),
        "asf": ("adpcm_yamaha", "g726"),
        "aiff": ("adpcm_ima_ws",),
        "au": ("g722",),
    }
    rates = {"adpcm_swf": 22_050}
    found = {
        f"{muxer} {codec}": muxed(
            muxer, Sound(tone(1, rates.get(codec, 8_000)), rates.get(codec, 8_000), codec)
        )
        for muxer, codecs in written_by_muxers.items()
        for codec in codecs
    }
    pcm = Sound(tone(1, 8_000), 8_000, "pcm_s16le")
    found["mp4 mace3"] = muxed("mov", pcm).replace(b"sowt", b"MAC3")
    found["caf mace3"] = muxed("caf", pcm).replace(b"lpcm", b"MAC3")
    found["mp3 mp1"] = (b"\xff\xff\x40\xc0" + bytes(132)) * 100
    return found


@cache
def misleading() -> dict[str, bytes]:
    """Recordings, or almost, whose headers claim more than their bytes contain."""
    note = written("ogg", "libopus", 48_000)
    second = encode(tone(1), SAMPLE_RATE, "wav")
    movie = bytearray(written("ipod", "aac", 44_100))
    at = movie.index(b"stsz") + 8
    endless_table = bytearray(movie)
    endless_table[at : at + 8] = struct.pack(">II", 1, 0x7FFFFFFF)  # 2^31 samples of one byte
    external = bytearray(movie)
    at = external.index(b"dref") + 8
    external[at : at + 12] = struct.pack(">I4sI", 12, b"alis", 0)  # claims that the sound is in another file
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE).astype("<f4")
    return {
        "an ogg chain": note[: len(note) // 8] * 300,
        "a chain of ends": note * 20,
        "a cover of megabytes": _with_cover(second, 1 << 20),
        "silence of minutes": silent_flac(600),
        "clipping": wav((noise * 100).tobytes(), bits=32, code=3),
        "not a number": wav(np.full(SAMPLE_RATE, np.nan, "<f4").tobytes(), bits=32, code=3),
        "0 Hz": wav(bytes(32_000), rate=0),
        "1 Hz": wav(bytes(32_000), rate=1),
        "4 GHz": wav(bytes(32_000), rate=2**32 - 1),
        "no channels": wav(bytes(32_000), channels=0),
        "96 channels": wav(bytes(96 * 3200), channels=96),
        "65535 channels": wav(bytes(200_000), channels=65_535),
        "0 ms": wav(b""),
        "1 ms": wav(bytes(32)),
        "99 ms": wav(bytes(3168)),
        "an endless table": bytes(endless_table),
        "sound elsewhere": bytes(external),
        "a box in itself": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42"
        + struct.pack(">I4s", 0x7FFFFFFF, b"moov") * 5000,
        "elements in elements": b"\x1a\x45\xdf\xa3\x80"
        + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" * 5000,
        "tags of gigabytes": b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(50_000),
        "a recording behind text": b"#EXTM3U\n" + second,
        "a playlist behind a recording": second + b"#EXTM3U\nfile:///etc/passwd\n",
    }


def _with_cover(recording: bytes, size: int) -> bytes:
    """WAV with a picture of `size` bytes in an ID3 tag, as music files have."""
    picture = b"\0image/png\0\3\0" + bytes(size)
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    length = len(frame)
    digits = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + digits + frame + recording
