"""The parent's end of a model process: loading, the batches given to it, their deadlines, its death."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from voxq.back_off import BackOff
from voxq.engines import registry
from voxq.engines.contract import Cost
from voxq.processes.child import Child, ChildDied
from voxq.processes.messages import ProtocolError
from voxq.processes.model import protocol as protocol
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.batch import Batch

_LEAD_SECONDS = 0.1
"""How long before the expected end of all that is given the next batch goes into the pipe: long enough to
hide the pipe, and short enough that what comes in the meantime can still be in it, or before it."""
_MOST_IN_PIPE = 8
"""Batches given to an engine that takes single chunks, or few. More than one is ahead only where batches are
so short that the parent, busy with something else for a moment, would leave the engine idle."""
_MARGIN = 30.0
"""How many times longer than predicted a batch may take before it counts as hung. Predictions are made on an
idle machine, and a recogniser that is unsure searches several times."""
_LEAST_PATIENCE = 0.1
_LOADS = BackOff.growing(1.0, most=60.0)
"""Between a load that failed and the next."""


class State(StrEnum):
    ABSENT = "absent"
    LOADING = "loading"
    READY = "ready"


class ModelProcessFailed(Exception):
    """The model process is gone; `batch` is what it was in, if anything. The message says how it ended."""

    def __init__(self, message: str, batch: Batch | None = None) -> None:
        super().__init__(message)
        self.batch = batch


class ModelLink:
    """One model, and at most one model process for it at a time. Times are on the monotonic clock."""

    def __init__(self, plan: ModelPlan, *, load_timeout: float, batch_seconds: float) -> None:
        """`batch_seconds` is what batches are made for; a shorter one is given as much patience."""
        self._load = protocol.Load(plan.request, dict(plan.paths), registry.is_plugin(plan.request.engine))
        self._load_timeout = load_timeout
        self._batch_seconds = batch_seconds
        # What waits outside can still join a batch, where an engine has large ones.
        takes_many = plan.traits.max_items > 1 and not plan.traits.is_parallel
        self._most = 2 if takes_many else _MOST_IN_PIPE
        self._child: Child | None = None
        self._batches: deque[Batch] = deque()
        self._deadline = float("inf")
        self._started_at: float | None = None
        self._not_before = 0.0
        self.state = State.ABSENT
        self.failures = 0
        """Loads in a row that did not succeed."""
        self.loaded: protocol.Loaded | None = None
        """What the last successful load reported; it outlives the model process."""
        self.error: str | None = None
        """Why the last load failed, until one succeeds."""

    @property
    def child(self) -> Child | None:
        return self._child

    @property
    def cost(self) -> Cost:
        return self.loaded.cost if self.loaded else Cost(0.0, 1.0)

    @property
    def is_ready(self) -> bool:
        return self.state is State.READY

    @property
    def is_loading(self) -> bool:
        return self.state is State.LOADING

    @property
    def may_start(self) -> bool:
        """Not for some time after a load that failed."""
        return time.monotonic() >= self._not_before

    @property
    def free_from(self) -> float:
        """When the next batch is to be given; infinity while there are enough."""
        if self.state is not State.READY or len(self._batches) >= self._most:
            return float("inf")
        if not self._batches:
            return 0.0
        if self._started_at is None:
            return float("inf")  # it will say so at once
        return self._started_at + sum(batch.predicted for batch in self._batches) - _LEAD_SECONDS

    @property
    def is_idle(self) -> bool:
        return not self._batches

    @property
    def deadline(self) -> float:
        """When the model process is to be killed unless it has answered."""
        return self._deadline

    @property
    def is_late(self) -> bool:
        """Whether it is to be killed now; not if its answer is only waiting to be read."""
        if time.monotonic() < self._deadline:
            return False
        return self._child is None or not self._child.poll()

    def ensure_started(self) -> bool:
        """Start a model process if there is none and it is time for one. True if one was started."""
        if self._child is not None or not self.may_start:
            return False
        self.state = State.LOADING
        try:
            self._child = Child.start(protocol.MODEL_PROCESS_MODULE, program=self._program())
            self._child.send(protocol.CODEC.encode(self._load))
        except (OSError, ChildDied) as error:
            self.error = f"The model process cannot be started ({error})."
            self._failed()
            return False
        self._deadline = time.monotonic() + self._load_timeout
        return True

    def give(self, batch: Batch) -> None:
        """Raises ModelProcessFailed; the batch was not begun then."""
        assert self._child is not None
        self._batches.append(batch)
        try:
            self._child.send(
                protocol.CODEC.encode(
                    protocol.Run(batch.id, tuple(m.step.ref(m.index) for m in batch.members))
                )
            )
        except ChildDied:
            raise self._failed() from None

    def receive(self, seconds_allowed: float) -> tuple[Batch, protocol.Finished] | None:
        """Take one message. A finished batch, or None for anything else.

        `seconds_allowed`: what the tasks of the batch that begins may still use of the engine.
        Raises ModelProcessFailed when the model process has ended or speaks nonsense.
        """
        assert self._child is not None
        try:
            message = protocol.CODEC.decode_reply(self._child.receive())
        except (ChildDied, ProtocolError) as error:
            raise self._failed(error) from None
        match message:
            case protocol.Loaded() if self.is_loading:
                self.loaded, self.error, self.state = message, None, State.READY
                self._deadline = float("inf")
                self.failures = 0
            case protocol.LoadFailed():
                self.error = message.message
                raise self._failed()
            case protocol.Started() if self._started_at is None and self._batches:
                self._started_at = time.monotonic()
                self._deadline = time.monotonic() + self._patience(seconds_allowed)
            case protocol.Finished():
                if not self._batches or self._batches[0].id != message.batch:
                    raise self._failed(ProtocolError("an answer nobody asked for"))
                message = replace(message, seconds=max(0.0, min(message.seconds, self.running_for())))
                self._started_at, self._deadline = None, float("inf")
                return self._batches.popleft(), message
            case _:
                raise self._failed(ProtocolError(f"{message.op} out of turn"))
        return None

    @property
    def next_batch(self) -> Batch | None:
        """The batch in the engine, or the one that will be next."""
        return self._batches[0] if self._batches else None

    @property
    def batches(self) -> Collection[Batch]:
        """All that was given and has not ended."""
        return tuple(self._batches)

    def running_for(self) -> float:
        """Seconds since the batch in the engine began; 0 if none has."""
        return time.monotonic() - self._started_at if self._started_at is not None else 0.0

    def kill(self) -> ModelProcessFailed:
        """End the model process now; says what it was in."""
        if self.state is State.LOADING and time.monotonic() >= self._deadline:
            self.error = f"The model did not load within {self._load_timeout:g} s."
        return self._failed()

    def take_back(self) -> list[Batch]:
        """The batches that were given and not begun; they are nobody's any more."""
        batches = list(self._batches)
        self._batches.clear()
        return batches

    def _program(self) -> tuple[str, ...] | None:
        """What runs the model process of an engine that has an environment of its own: isolated (-I), so that
        neither the environment's variables nor this process's packages reach it."""
        interpreter = registry.interpreter_of(self._load.request.engine)
        return (str(interpreter), "-I", str(protocol.STANDALONE)) if interpreter else None

    def _patience(self, seconds_allowed: float) -> float:
        expected = max(self._batches[0].predicted, self._batch_seconds)
        return min(_MARGIN * expected, max(_LEAST_PATIENCE, seconds_allowed))

    def _failed(self, error: Exception | None = None) -> ModelProcessFailed:
        was_loading = self.state is State.LOADING
        ended = self._child.kill() if self._child else "not running"
        self._child, self.state, self._deadline = None, State.ABSENT, float("inf")
        if was_loading:
            self.failures += 1
            self._not_before = time.monotonic() + _LOADS.after(self.failures)
            self.error = self.error or f"The model process ended while loading the model ({ended})."
        batch = self._batches.popleft() if self._started_at is not None and self._batches else None
        self._started_at = None
        return ModelProcessFailed(f"{ended}{f': {error}' if error else ''}", batch)
