"""Detection of GPUs and CPUs without importing a model library."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from voxq.locale import Message

_MOST_THREADS = 8
"""Threads beyond which a model on the CPU hardly gets faster and its neighbours get slower."""
_PROCESSOR_LABELS = ("model name", "CPU part")
"""Labels in /proc/cpuinfo on x86 and on ARM."""
_NVML_SUCCESS = 0
_NAME_BYTES = 96


class DeviceError(Exception):
    """The device required by the settings is not there; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU as CUDA will number it in this environment: `index` 0 is the first *visible* one."""

    index: int
    uuid: str
    name: str
    memory_mb: int

    @property
    def device(self) -> str:
        return f"cuda:{self.index}"


def visible_gpus(environ: Mapping[str, str] = os.environ) -> tuple[Gpu, ...]:
    """Return the GPUs in CUDA_VISIBLE_DEVICES (all if unset), in its order; none without an NVIDIA driver."""
    return select_visible(_driver_gpus(), environ.get("CUDA_VISIBLE_DEVICES"))


def select_visible(gpus: Iterable[Gpu], visible: str | None) -> tuple[Gpu, ...]:
    """Select GPUs as CUDA reads CUDA_VISIBLE_DEVICES.

    Entries are indices or unique prefixes of UUIDs. The list ends at the first entry that names no GPU, and
    is empty if one is named twice.
    """
    there = tuple(gpus)
    if visible is None:
        return there
    chosen: list[Gpu] = []
    for entry in visible.split(","):
        matches = [gpu for gpu in there if _names(entry.strip(), gpu)]
        if len(matches) != 1:
            break
        if any(gpu.uuid == matches[0].uuid for gpu in chosen):
            return ()
        gpu = matches[0]
        chosen.append(Gpu(len(chosen), gpu.uuid, gpu.name, gpu.memory_mb))
    return tuple(chosen)


def resolve_device(
    use_gpu: bool | Literal["auto"], index: int = 0, gpus: tuple[Gpu, ...] | None = None
) -> str:
    """Return "cpu" or "cuda:N" for the worker number `index`; workers take the GPUs in turn.

    "auto" takes a GPU if there is one. True never falls back to the CPU: raises DeviceError without a GPU.
    """
    if use_gpu is False:
        return "cpu"
    there = visible_gpus() if gpus is None else gpus
    if there:
        return there[index % len(there)].device
    if use_gpu is True:
        raise DeviceError(
            Message(
                "ASR_USE_GPU=true, but no NVIDIA GPU is visible here. Check the driver with nvidia-smi and "
                "the variable CUDA_VISIBLE_DEVICES, or set ASR_USE_GPU=auto or false to work on the CPU."
            )
        )
    return "cpu"


def available_cpus(cgroup: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Number of CPUs this process may use, by its affinity and the CPU quota of its container.

    A container limited to two CPUs on a 64-core host sees 64 of them, and 64 threads on two CPUs are slow.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = cgroup.read_text().split()
        if quota != "max":
            return max(1, min(affinity, math.ceil(int(quota) / int(period))))
    return affinity


def threads_for(asked: int) -> int:
    """Number of threads of a model on the CPU: `asked`, or with 0 as many as are useful here."""
    return asked or min(available_cpus(), _MOST_THREADS)


def name_of(device: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of a GPU ("cuda:0") or of the processor, which tells machines of another speed apart;
    empty if it is unknown."""
    if device != "cpu":
        return next((gpu.name for gpu in visible_gpus() if gpu.device == device), "")
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text(errors="replace").splitlines():
            label, _, value = line.partition(":")
            if label.strip() in _PROCESSOR_LABELS:
                return value.strip()
    return platform.processor()


def _names(entry: str, gpu: Gpu) -> bool:
    if entry.isdecimal():
        return int(entry) == gpu.index
    return entry.upper().startswith("GPU-") and gpu.uuid.upper().startswith(entry.upper())


class _NvmlMemory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def _driver_gpus() -> tuple[Gpu, ...]:
    """All GPUs of the machine, from the driver's library (NVML), because importing torch takes seconds."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return ()
    if nvml.nvmlInit_v2() != _NVML_SUCCESS:
        return ()
    try:
        count = ctypes.c_uint()
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _NVML_SUCCESS:
            return ()
        return tuple(_nvml_gpu(nvml, index) for index in range(count.value))
    finally:
        nvml.nvmlShutdown()


def _nvml_gpu(nvml: ctypes.CDLL, index: int) -> Gpu:
    handle = ctypes.c_void_p()
    nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
    uuid, name = ctypes.create_string_buffer(_NAME_BYTES), ctypes.create_string_buffer(_NAME_BYTES)
    memory = _NvmlMemory()
    nvml.nvmlDeviceGetUUID(handle, uuid, _NAME_BYTES)
    nvml.nvmlDeviceGetName(handle, name, _NAME_BYTES)
    nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    return Gpu(index, uuid.value.decode(), name.value.decode(), memory.total >> 20)
