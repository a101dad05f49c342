"""Bare FastAPI application that takes the upload of `/v1/audio/transcriptions` and answers with its size.

python scripts/bench/_echo.py PARENT_PID PORT
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import uvicorn
from _ended import ended
from _listening import wait_until_it_listens
from fastapi import FastAPI, File, Form, UploadFile

from voxq.processes.parent_death import die_with_parent
from voxq.supervisor.ports import free_port

app = FastAPI()


@app.post("/v1/audio/transcriptions")
async def transcribe(file: Annotated[UploadFile, File()], model: Annotated[str, Form()]) -> dict[str, str]:
    return {"text": f"{len(await file.read())} bytes for {model}"}


@contextmanager
def echo() -> Iterator[httpx.Client]:
    """Run the application in a process of its own, on the same server as the service; yields its client."""
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, str(os.getpid()), str(port)])
    with ended(process):
        wait_until_it_listens(port)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
            yield http


def main() -> None:
    parent, port = sys.argv[1:]
    die_with_parent(int(parent))
    uvicorn.run(app, port=int(port), log_level="error", access_log=False)


if __name__ == "__main__":
    main()
