"""Loading of FunASR models, with the checks that FunASR omits: it prints a warning at most and continues with
random weights, on another device, or without some of its parts."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from voxq import extras
from voxq.engines.contract import EngineError, EngineRequest, ModelPaths
from voxq.engines.recognise.funasr.model_class import ModelClass, read_class, read_parts
from voxq.locale import Message
from voxq.machine.devices import available_cpus
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    import torch
    from funasr import AutoModel

_CHECKPOINT = "model.pt"
_SHOWN = 3
_SHORT = 3
_WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which trainers store the weights; FunASR unwraps them in this order."""


def load(directory: Path, model_class: ModelClass, request: EngineRequest) -> AutoModel:
    """Load the model in a local directory. Raises EngineError."""
    funasr = check(directory, model_class, request.device)
    there = _shapes(directory / _CHECKPOINT)
    model = funasr.AutoModel(
        model=str(directory),
        device=request.device,
        ncpu=request.threads or int(os.environ.get("OMP_NUM_THREADS", 0)) or available_cpus(),
        disable_update=True,
        disable_pbar=True,
        log_level="ERROR",
        **model_class.settings,
    )
    _check_weights(directory, there, model.model, model_class)
    return model


def check(directory: Path, model_class: ModelClass, device: str) -> Any:
    """Import FunASR and check everything that this model needs, except the contents of the weights.

    Raises EngineError.
    """
    _check_files(directory, model_class)
    funasr = check_libraries(device)
    _check_registered(funasr, directory)
    return funasr


def check_libraries(device: str) -> Any:
    """Import FunASR and check that it and PyTorch can use this device. Raises EngineError."""
    funasr = _import_funasr()
    _check_device(device)
    return funasr


def revision(model_class: ModelClass, models: ModelPaths) -> str:
    """Identify everything that a text depends on besides its audio and options."""
    weights = ":".join(revision_of(models[role]) for role in sorted(models))
    return f"funasr-{version('funasr')}:{model_class.name}:{weights}"


def _import_funasr() -> Any:
    try:
        import funasr
    except ImportError as error:
        raise EngineError(
            Message(
                "FunASR cannot be imported ({error}). Install it: {command}",
                error=str(error),
                command=extras.FUNASR.command,
            )
        ) from error
    logging.getLogger().setLevel(logging.ERROR)  # at INFO, FunASR logs the hotwords of clients
    return funasr


def _check_files(directory: Path, model_class: ModelClass) -> None:
    if (found := read_class(directory)) != model_class:
        raise EngineError(
            Message(
                "{directory} holds a {found}, not a {wanted}.",
                directory=directory,
                found=found.name,
                wanted=model_class.name,
            )
        )
    groups = ((_CHECKPOINT,), *model_class.files)
    missing = [" or ".join(group) for group in groups if not any(any(directory.glob(p)) for p in group)]
    if missing:
        raise EngineError(
            Message(
                "{directory} is not complete: {missing} is missing.",
                directory=directory,
                missing=", ".join(missing),
            )
        )


def _check_device(device: str) -> None:
    """Raise EngineError for a missing GPU, for which FunASR would silently use the CPU."""
    import torch

    kind, _, index = device.partition(":")
    if kind == "cpu":
        return
    if kind != "cuda":
        raise EngineError(Message("FunASR runs on cpu or cuda:<number>, not on {device!r}.", device=device))
    if torch.version.cuda is None:
        raise EngineError(
            Message(
                "This build of PyTorch ({version}) is for CPUs: it cannot use {device}.",
                version=torch.__version__,
                device=device,
            )
        )
    if int(index or 0) >= torch.cuda.device_count():
        raise EngineError(Message("PyTorch sees no GPU {index}. Does nvidia-smi show it?", index=index or 0))


def _check_registered(funasr: Any, directory: Path) -> None:
    """Check that the model's classes are registered: if a dependency is missing, FunASR silently omits a
    module and its classes.

    Classes of other models may be missing; some need packages that nobody installs.
    """
    errors: Mapping[str, str] = funasr.get_import_errors()
    if error := errors.get("funasr.auto.auto_model"):
        raise EngineError(Message("FunASR is not complete: {error}", error=str(error)))
    try:
        import kaldi_native_fbank  # noqa: F401 - its absence shows only with the first sound
    except ImportError as error:
        raise EngineError(Message("FunASR needs kaldi-native-fbank: {error}", error=str(error))) from error
    from funasr.register import tables

    for part, name in read_parts(directory).items():
        if name not in getattr(tables, f"{part}_classes"):
            reasons = "; ".join(_reasons(errors, name)) or Message("see funasr.get_import_errors()")
            raise EngineError(
                Message(
                    "FunASR is installed without the {part} {name}: {reasons}",
                    part=part,
                    name=name,
                    reasons=reasons,
                )
            )


def _reasons(errors: Mapping[str, str], name: str) -> Iterator[str]:
    """Return the import errors of the modules that seem to define a class."""
    for module, error in errors.items():
        parts = [part.replace("_", "") for part in module.split(".")[1:]]
        if any(len(part) > _SHORT and part in name.lower() for part in parts):
            yield f"{module}: {error}"


def _check_weights(
    directory: Path, there: Mapping[str, torch.Size], model: torch.nn.Module, model_class: ModelClass
) -> None:
    """Check that the checkpoint has all weights, with the right shapes; FunASR would leave the others random,
    and the model would produce nonsense.

    `there`: the shapes in the checkpoint.
    """
    expected = dict(model.named_parameters())
    wrong = [
        name
        for name, weights in expected.items()
        if there.get(name, there.get(f"module.{name}")) != weights.shape
        and not name.startswith(model_class.may_lack)
    ]
    if wrong:
        shown = ", ".join(wrong[:_SHOWN]) + (" ..." if len(wrong) > _SHOWN else "")
        raise EngineError(
            Message(
                "{checkpoint} does not fit its config.yaml: {wrong} of {expected} weights are "
                "missing or have another shape ({shown}).",
                checkpoint=directory / _CHECKPOINT,
                wrong=len(wrong),
                expected=len(expected),
                shown=shown,
            )
        )


def _shapes(checkpoint: Path) -> dict[str, torch.Size]:
    """Read the shapes of all weights without loading them. Raises EngineError."""
    import torch

    try:
        state = torch.load(checkpoint, map_location="meta", weights_only=True)
        for wrapper in _WRAPPERS:
            state = state.get(wrapper, state)
    except (RuntimeError, OSError, EOFError, UnpicklingError, AttributeError) as error:
        raise EngineError(
            Message(
                "{checkpoint} is damaged ({kind}): not fetched whole, or no checkpoint.",
                checkpoint=checkpoint,
                kind=type(error).__name__,
            )
        ) from error
    return {name: tensor.shape for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
