"""A server as short as it can be, for `beside.py`: FastAPI and faster-whisper, one request after another.

python scripts/bench/ten_lines.py PORT [--batched]
"""

from __future__ import annotations

import sys
import threading
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, File, Form, UploadFile
from faster_whisper import BatchedInferencePipeline, WhisperModel

from voxq.model_store.store import ModelStore

_MODEL = WhisperModel(str(ModelStore().resolve("whisper-base")), device="cpu", compute_type="int8")
_BATCHED = BatchedInferencePipeline(_MODEL) if "--batched" in sys.argv else None
_ONE = threading.Lock()
app = FastAPI()


@app.get("/v1/models")
def models() -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "whisper-1", "object": "model"}]}


@app.post("/v1/audio/transcriptions")
def transcribe(
    file: Annotated[UploadFile, File()], language: Annotated[str | None, Form()] = None
) -> dict[str, str]:
    with _ONE:  # two threads would share the cores, and both wait longer
        if _BATCHED:
            segments, _ = _BATCHED.transcribe(file.file, language=language, beam_size=1, batch_size=8)
        else:
            segments, _ = _MODEL.transcribe(file.file, language=language, beam_size=1)
        return {"text": "".join(segment.text for segment in segments).strip()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
