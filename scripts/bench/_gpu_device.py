"""The device that `gpu.py` measures: what it is, who sees it, and what is missing."""

from __future__ import annotations

import importlib
import subprocess
from collections.abc import Callable

import _machine
from _gpu_clock import Clock
from rich.console import Console

_SMI = ("nvidia-smi", "--query-gpu=name,driver_version,memory.total,memory.used", "--format=csv,noheader")


def describe() -> dict[str, str]:
    """Describe the machine as every measurement does, and what each library sees of its GPUs."""
    return {**_machine.describe(), "nvidia-smi": _smi(), **{name: see() for name, see in _SEEING.items()}}


def only(device: str, visible: str | None) -> str:
    """Value of CUDA_VISIBLE_DEVICES, now `visible`, with which "cuda:N" is the only GPU, because a worker
    takes the first; empty if it is not among the visible ones."""
    index = int(device.partition(":")[2])
    if visible is None:
        return str(index)
    names = visible.split(",")
    return names[index] if index < len(names) else ""


def obstacle(device: str) -> str | None:
    """Reason why nothing can be measured on "cpu" or "cuda:0"."""
    if device == "cpu" or _machine.visible_gpus():
        return None
    return "no NVIDIA GPU is visible; --device cpu --small tries the measurement itself"


def teller(clock: Clock) -> Callable[[str], None]:
    """Printer of progress, with the seconds left."""
    console = Console(stderr=True)

    def say(what: str) -> None:
        console.print(f"[dim]{clock.left:4.0f} s left[/]  {what}", highlight=False)

    return say


def _smi() -> str:
    try:
        done = subprocess.run(_SMI, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "none"
    return "; ".join(done.stdout.split("\n")).strip("; ") or "none"


def _ctranslate2() -> str:
    try:
        module = importlib.import_module("ctranslate2")
    except ImportError:
        return "not installed"
    return f"{module.get_cuda_device_count()} GPUs"


def _torch() -> str:
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return "not installed"
    return f"{torch.cuda.device_count()} GPUs, CUDA {torch.version.cuda}"


def _onnx_runtime() -> str:
    try:
        module = importlib.import_module("onnxruntime")
    except ImportError:
        return "not installed"
    return ", ".join(module.get_available_providers())


_SEEING = {"CTranslate2": _ctranslate2, "torch": _torch, "ONNX Runtime": _onnx_runtime}
