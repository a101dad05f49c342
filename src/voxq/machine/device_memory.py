"""Total and used memory of a device, also per process, without importing a model library."""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from voxq.machine.devices import visible_gpus

_NVML_SUCCESS = 0
_NVML_UNKNOWN = (1 << 64) - 1
_MOST_PROCESSES = 256


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a device in MB."""

    total_mb: int
    used_mb: int


class DeviceMemory(Protocol):
    """Reader of one device's memory. A reading takes well under a millisecond."""

    @property
    def share(self) -> float:
        """Fraction of all memory that models may take by default."""
        ...

    def read(self) -> Memory: ...

    def of_process(self, pid: int) -> int | None:
        """MB used by a process; None if unknown."""
        ...


def memory_of(device: str) -> DeviceMemory:
    """Return the memory of "cpu", "cuda:0", ...; that of the host if the driver does not know the GPU."""
    index = device.removeprefix("cuda:")
    if device != index and (gpu := _GpuMemory.of(int(index))):
        return gpu
    return HostMemory()


class HostMemory:
    """RAM of the host, or of the container if it has a limit."""

    share = 0.7

    def __init__(self, cgroup: Path = Path("/sys/fs/cgroup")) -> None:
        self._cgroup = cgroup

    def read(self) -> Memory:
        import psutil

        ram = psutil.virtual_memory()
        with contextlib.suppress(OSError, ValueError):
            limit = int((self._cgroup / "memory.max").read_text())  # "max" is not a number: no limit
            if limit < ram.total:
                used = int((self._cgroup / "memory.current").read_text()) - self._reclaimable()
                return Memory(limit >> 20, max(0, used) >> 20)
        return Memory(ram.total >> 20, (ram.total - ram.available) >> 20)

    def of_process(self, pid: int) -> int | None:
        import psutil

        with contextlib.suppress(psutil.Error):
            return psutil.Process(pid).memory_info().rss >> 20
        return None

    def _reclaimable(self) -> int:
        """Bytes of inactive page cache, which the kernel reclaims before it kills a process."""
        lines = (self._cgroup / "memory.stat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


class _NvmlMemory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _NvmlProcess(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class _GpuMemory:
    """Memory of one GPU, read through the driver's own library (NVML), which stays initialised."""

    share = 0.9

    def __init__(self, nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._nvml = nvml
        self._handle = handle

    @classmethod
    def of(cls, index: int) -> _GpuMemory | None:
        """Open the GPU with this index among the visible ones, as CUDA numbers them; None if it fails."""
        gpus = visible_gpus()
        if index >= len(gpus):
            return None
        nvml, handle = ctypes.CDLL("libnvidia-ml.so.1"), ctypes.c_void_p()
        if nvml.nvmlInit_v2() != _NVML_SUCCESS:
            return None
        uuid = gpus[index].uuid.encode()
        if nvml.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(handle)) != _NVML_SUCCESS:
            return None
        return cls(nvml, handle)

    def read(self) -> Memory:
        memory = _NvmlMemory()
        self._nvml.nvmlDeviceGetMemoryInfo(self._handle, ctypes.byref(memory))
        return Memory(memory.total >> 20, memory.used >> 20)

    def of_process(self, pid: int) -> int | None:
        """MB used by a process; None if unknown.

        Usually None in containers, where the driver sees different process ids.
        """
        count, processes = ctypes.c_uint(_MOST_PROCESSES), (_NvmlProcess * _MOST_PROCESSES)()
        try:
            answer = self._nvml.nvmlDeviceGetComputeRunningProcesses_v3(
                self._handle, ctypes.byref(count), processes
            )
        except AttributeError:  # an old driver
            return None
        if answer != _NVML_SUCCESS:
            return None
        known = {p.pid: p.used for p in processes[: count.value] if p.used != _NVML_UNKNOWN}
        return known[pid] >> 20 if pid in known else None
