"""Doctor checks of the configured models: whether they can be loaded here, without loading them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from voxq.cli.finding import Finding
from voxq.cli.package_checks import missing_packages
from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError, EngineRequest
from voxq.locale import Message, about
from voxq.machine.devices import DeviceError, resolve_device
from voxq.model_catalogue import ListedModel, default_model, missing_for
from voxq.model_store import install
from voxq.model_store.model import Packages
from voxq.model_store.published import MODELS, UnknownModel
from voxq.model_store.store import ModelError, ModelStore
from voxq.settings import Settings

_DIAGNOSED = ("funasr",)
"""Engines that have a module `diagnosis`."""
_DIAGNOSIS_SECONDS = 180.0
"""Time limit: importing PyTorch and FunASR from a slow disk takes a minute."""


def check_models(settings: Settings) -> Iterator[Finding]:
    """Check the default model, then the operator's others, which affect only tasks that name them."""
    if settings.redis_url and (missing := missing_for(settings)):
        says = Message(
            "only the API can run here: the packages of the extra {extra!r} are not installed",
            extra=missing.extra,
        )
        yield Finding("worker", "warning", says, Message("Run: {command}", command=missing.command))
        return
    store = ModelStore(search=[settings.asr_model_path])
    default = default_model(settings)
    others = [ListedModel(name, engine, model) for name, (engine, model) in settings.own_models.items()]
    yield from _check_engine_setting(settings, default)
    used: dict[str, list[Path]] = {}
    for listed in (default, *others):
        setting = "ASR_MODEL" if listed == default else "ASR_MODELS"
        fix = Message("Correct {setting}; see 'voxq models list'.", setting=setting)
        try:
            family = registry.find(listed.engine, Capability.RECOGNISE)
        except EngineError as error:
            if listed.engine != settings.asr_engine:
                yield Finding("engine", "failure", about(listed.name, str(error)), fix)
            continue
        directories = used.setdefault(listed.engine, [])
        request = EngineRequest(listed.engine, listed.model)
        try:
            family.traits_for(request)
            for name in family.roles_for(request).values():
                path, says = _where(store, name)
                directories += [path] if path else []
                yield Finding("model", "ok", says)
        except (EngineError, UnknownModel, ModelError) as error:
            state = "failure" if listed == default else "warning"
            yield Finding("model", state, about(listed.name, str(error)), fix)
    for engine, directories in used.items():
        yield from _check_engine(engine, settings, directories)


def _check_engine_setting(settings: Settings, default: ListedModel) -> Iterator[Finding]:
    try:
        registry.find(settings.asr_engine, Capability.RECOGNISE)
    except EngineError as error:
        yield Finding("engine", "failure", str(error), Message("Correct ASR_ENGINE."))
        return
    if "asr_engine" in settings.model_fields_set and settings.asr_engine != default.engine:
        says = Message(
            "ASR_ENGINE={asr_engine} is not used: {default} is a model of {engine}",
            asr_engine=settings.asr_engine,
            default=default.name,
            engine=default.engine,
        )
        yield Finding("engine", "warning", says, Message("Remove ASR_ENGINE, or choose another ASR_MODEL."))


def _where(store: ModelStore, name: str) -> tuple[Path | None, str]:
    # Resolving the path of a packaged model would assemble it, and a check changes nothing.
    source = next((model.source for model in MODELS if model.name == name), None)
    if isinstance(source, Packages) and install.is_packaged(source) and store.find(name) is None:
        return None, Message(
            "{name} is included in the packages and is assembled at the first start", name=name
        )
    path = store.resolve(name)
    return path, Message("{name} is at {path}", name=name, path=path)


def _check_engine(engine: str, settings: Settings, directories: Sequence[Path]) -> Iterator[Finding]:
    problems: list[str] = []
    fix = Message("See report/MODELS.md.")
    needs = registry.find(engine).requirements
    if needs.extra:
        missing = missing_packages(needs.extra)
        problems = [Message.joined(", ", missing)] if missing else []
        fix = Message("Run: {command}", command=needs.command) if missing else fix
    if engine in _DIAGNOSED and not problems:
        problems = _diagnose(engine, _device(settings), directories)
    for problem in problems:
        yield Finding("engine", "failure", about(engine, problem), fix)
    if not problems:
        yield Finding("engine", "ok", registry.find(engine).summary)


def _device(settings: Settings) -> str:
    try:
        return resolve_device(settings.asr_use_gpu)
    except DeviceError:  # reported by its own check
        return "cpu"


def _diagnose(engine: str, device: str, directories: Sequence[Path]) -> list[str]:
    """Problems of the engine's libraries, in sentences; found in a child process that can be killed."""
    command = [
        sys.executable,
        "-m",
        f"voxq.engines.recognise.{engine}.diagnosis",
        device,
        *map(str, directories),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DIAGNOSIS_SECONDS)
    except subprocess.TimeoutExpired:
        return [
            Message(
                "its libraries were not imported within {seconds:.0f} seconds", seconds=_DIAGNOSIS_SECONDS
            )
        ]
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        return [Message("its libraries cannot be imported: {last}", last=last)]
