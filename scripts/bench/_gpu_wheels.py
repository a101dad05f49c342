"""An environment made from a folder of wheels, for a machine without a network. Needs the standard library
only, because it runs before anything else is installed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_EXTRAS = "embedded,whisper,hibari,funasr,kokoro"
_ONNX_RUNTIME = "onnxruntime-gpu"
"""It has the module of onnxruntime, too, and so is installed last."""
_CUDA_12 = ("nvidia-cublas-cu12", "nvidia-cudnn-cu12")
"""What CTranslate2 loads; torch brings its own of a newer CUDA."""


def filling(folder: Path) -> str:
    """Commands that fill the folder, on a machine with a network and the same Python and system."""
    name = shlex.quote(str(folder))
    return "\n".join(
        (
            "python scripts/constraints.py > constraints.txt",
            f"pip wheel -w {name} -c constraints.txt '.[{_EXTRAS}]' {' '.join(_CUDA_12)}",
            f"pip download --no-deps -d {name} {_ONNX_RUNTIME}",
        )
    )


def run_in(wheels: Path, environment: Path, arguments: Sequence[str], seconds: float) -> int:
    """Install the wheels into the new directory `environment`, and run `gpu.py` there for what is left of
    the seconds; returns its exit status.

    Raises CalledProcessError if something cannot be installed, TimeoutExpired if that takes too long.
    """
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=seconds)
    python = environment / "bin" / "python"
    for words in _installations(wheels):
        left = seconds - (time.monotonic() - began)
        subprocess.run([str(python), "-m", "pip", *words], check=True, timeout=max(1.0, left))
    left = seconds - (time.monotonic() - began)
    script = Path(__file__).with_name("gpu.py")
    command = [str(python), str(script), *arguments, "--seconds", f"{max(0.0, left):.0f}"]
    return subprocess.run(command, env=environ_of(environment), cwd=_ROOT).returncode


def _installations(wheels: Path) -> list[list[str]]:
    install = ["install", "--quiet", "--no-compile", "--no-index", "--find-links", str(wheels)]
    cuda = [name for name in _CUDA_12 if _is_there(wheels, name)]
    steps = [[*install, f"voxq[{_EXTRAS}]", *cuda]]
    if _is_there(wheels, _ONNX_RUNTIME):
        steps.append([*install, "--no-deps", "--force-reinstall", _ONNX_RUNTIME])
    return steps


def _is_there(wheels: Path, name: str) -> bool:
    return any(wheels.glob(f"{name.replace('-', '_')}-*.whl"))


def environ_of(environment: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables with which the loader finds NVIDIA's libraries: CTranslate2 does not look into packages."""
    libraries = [str(path) for path in sorted(environment.glob("lib/python*/site-packages/nvidia/*/lib"))]
    known = environ.get("LD_LIBRARY_PATH")
    return {**environ, "LD_LIBRARY_PATH": os.pathsep.join([*libraries, *([known] if known else [])])}
