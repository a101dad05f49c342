"""How models use this machine best: what `voxq doctor` says of it, and what `voxq models tune` measures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from voxq.cli.finding import Finding
from voxq.engines.contract import EngineError
from voxq.locale import Message
from voxq.machine.devices import DeviceError, resolve_device, visible_gpus
from voxq.model_store.published import UnknownModel
from voxq.model_store.store import ModelError
from voxq.settings import Settings
from voxq.storage.tuning import Speed, Subject, Tunings
from voxq.supervisor.programs import of_each_worker
from voxq.worker.model_pool.measurement import Measurement
from voxq.worker.plan import WorkPlan


def check_tuning(settings: Settings) -> Iterator[Finding]:
    """Report how the default model uses this machine, if that was measured."""
    if not settings.tuning_dir.is_dir():  # no worker has been idle here: a plan might assemble the model
        return
    try:
        model = work_plan(settings).default
    except (EngineError, ModelError, UnknownModel, DeviceError, OSError):  # reported by the checks of these
        return
    if not model.subject.layouts:
        return
    if model.tuning is not None:
        yield Finding("model", "ok", described(model.name, model.tuning.best))
        return
    says = Message("{name} has not been measured on this machine yet", name=model.name)
    yield Finding("model", "ok", says, Message("A worker does so when it is idle, or run: voxq models tune"))


def described(name: str, best: Speed) -> str:
    """Say with which layout a model is fastest here."""
    return Message(
        "{name} is fastest here with {replicas} at a time in batches of {items}: {short:.1f} seconds of "
        "speech in a second, in long recordings {long:.1f}",
        name=name,
        replicas=best.layout.replicas,
        items=best.layout.items,
        short=best.short,
        long=best.long,
    )


def work_plan(settings: Settings) -> WorkPlan:
    """Return the models as each worker of `voxq up` has them. Raises as `WorkPlan.of`, or DeviceError."""
    gpus = visible_gpus() if settings.asr_use_gpu is not False else ()
    device = resolve_device(settings.asr_use_gpu, 0, gpus)
    return WorkPlan.of(of_each_worker(settings, settings.worker_count(len(gpus))), device)


def measured(tunings: Tunings, subject: Subject) -> Sequence[Speed]:
    """Measure all layouts of a model and keep the result. Raises MeasurementFailed or OSError; EngineError if
    a worker measures at the moment."""
    turn = tunings.take_turn()
    if turn is None:
        raise EngineError(Message("A worker is measuring at the moment."))
    measurement = Measurement(subject)
    try:
        while measurement.speeds is None:
            measurement.start()
            while not measurement.receive():
                pass
        tunings.keep(subject, measurement.speeds)
        return measurement.speeds
    finally:
        measurement.stop()
        os.close(turn)
