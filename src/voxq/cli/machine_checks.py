"""Doctor checks of the machine: the directory of the storage, and the devices."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from typing import Literal

from voxq.cli.finding import Finding
from voxq.locale import Message
from voxq.machine.devices import DeviceError, resolve_device, visible_gpus
from voxq.settings import Settings


def check_storage(settings: Settings) -> Iterator[Finding]:
    path = settings.storage_path.absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            "storage",
            "failure",
            Message("{existing} cannot be written", existing=existing),
            Message("Correct STORAGE_PATH or its owner."),
        )
        return
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            "storage",
            "warning",
            Message("other users of this machine can read {path}", path=path),
            Message("Run: chmod 700 '{path}'", path=path),
        )
    free = shutil.disk_usage(existing).free >> 20
    if free < settings.min_free_disk_mb:
        fix = Message("Make room, lower MAX_RECORDINGS, or move STORAGE_PATH.")
        yield Finding(
            "storage", "failure", Message("only {free} MB are free: uploads are refused", free=free), fix
        )
    else:
        yield Finding("storage", "ok", Message("{path} has {free} MB free", path=path, free=free))


def check_devices(use_gpu: bool | Literal["auto"]) -> Iterator[Finding]:
    gpus = visible_gpus()
    try:
        device = resolve_device(use_gpu, 0, gpus)
    except DeviceError as error:
        yield Finding("device", "failure", str(error))
        return
    names = ", ".join(f"{gpu.device} {gpu.name} ({gpu.memory_mb >> 10} GB)" for gpu in gpus)
    if device == "cpu":
        cores = os.cpu_count() or 1
        if names:
            says = Message.counted(
                "{number} CPU core; unused: {names}",
                "{number} CPU cores; unused: {names}",
                cores,
                names=names,
            )
        else:
            says = Message.counted("{number} CPU core", "{number} CPU cores", cores)
        yield Finding("device", "ok", says)
    else:
        yield Finding("device", "ok", names)
