"""What the processes of the service do not load: a module costs each of them memory and time to start.

One import at the top of a module that all of them know is enough to bring a library into each.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

ENGINES = {"av", "ctranslate2", "faster_whisper", "numpy", "onnxruntime", "sherpa_onnx", "torch"}
TERMINAL = {"rich", "typer"}
HTTP = {"httpx", "pygments"}  # httpx brings what colours its own command line
CASES = {
    "settings": ("voxq.settings", ENGINES | TERMINAL | HTTP | {"fastapi", "loguru", "redis", "rq"}),
    "supervisor": ("voxq.supervisor.stack", ENGINES | TERMINAL | HTTP | {"fastapi", "redis", "rq"}),
    "API that begins to listen": ("voxq.api.serving", ENGINES | TERMINAL | HTTP | {"fastapi", "redis", "rq"}),
    "API": (
        "voxq.api.app, voxq.api.serving",
        ENGINES | TERMINAL | HTTP | {"prometheus_client", "voxq.speech.normalise"},
    ),
    "worker": ("voxq.worker.main", ENGINES | TERMINAL | HTTP | {"fastapi", "uvicorn"}),
    "media process": (
        "voxq.processes.media.__main__, voxq.speech.probe",
        (ENGINES - {"av"}) | TERMINAL | HTTP | {"asyncio", "fastapi", "loguru", "redis", "voxq.kinds"},
    ),
}
"""What a process imports before it has something to do, and what it must not load by that."""


@pytest.mark.parametrize(("modules", "absent"), CASES.values(), ids=CASES.keys())
def test_a_process_loads_only_what_it_needs(modules: str, absent: set[str]) -> None:
    program = f"import sys, {modules}; print(*sorted({absent!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
