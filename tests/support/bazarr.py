"""Requests as Bazarr's Whisper provider sends them to whisper-asr-webservice, with the library that it uses.

From `custom_libs/subliminal_patch/providers/whisperai.py` of morpheus65535/bazarr, at the release of 2025: it
decodes the sound of a film to raw samples, and takes whatever comes back as the subtitles. Commit fe404388
differs only in passing the name of the film as a string.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.decode import decode_blocks


def samples_of(path: Path) -> bytes:
    """Decode a recording as `ffmpeg -f s16le -acodec pcm_s16le -ac 1 -ar 16000` does."""
    sound = np.concatenate(list(decode_blocks(path, 3600, SAMPLE_RATE)))
    return (sound * 32767).astype("<i2").tobytes()


@dataclass(frozen=True, slots=True)
class Bazarr:
    """A provider with this endpoint; `video` is the path that it passes on if it is set up to."""

    endpoint: str
    video: str | None = None

    def detect_language(self, sound: bytes, **more: Any) -> requests.Response:
        # the provider passes a set, and requests leaves out a None within it
        params = {"encode": "false", "video_file": {self.video}, **more}
        return self._post("/detect-language", params, sound)

    def subtitles(self, sound: bytes, language: str, task: str = "transcribe") -> requests.Response:
        params = {
            "task": task,
            "language": language,
            "output": "srt",
            "encode": "false",
            "video_file": self.video,
        }
        return self._post("/asr", params, sound)

    def _post(self, path: str, params: dict[str, Any], sound: bytes) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["User-Agent"] = "Subliminal/2.2.1"
            return session.post(
                f"{self.endpoint}{path}", params=params, files={"audio_file": sound}, timeout=(5, 100)
            )
