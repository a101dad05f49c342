"""The parent's end of a model process: loading, the batches given to it, deadlines, failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from voxq.back_off import BackOff
from voxq.engines import registry
from voxq.engines.contract import Cost
from voxq.locale import Message
from voxq.processes.child import Child, ChildDied
from voxq.processes.messages import ProtocolError
from voxq.processes.model import protocol as protocol
from voxq.worker.plan import ModelPlan
from voxq.worker.runs.batch import Batch

_LEAD_SECONDS = 0.1
"""Seconds before the expected end of all given batches at which the next goes into the pipe: enough to hide
the pipe's delay, and so few that a task which arrives meanwhile can still be in that batch, or before it."""
_MOST_IN_PIPE = 8
"""Batches in the pipe of an engine that takes single chunks, or few. More than one is sent ahead only where
batches are so short that the engine would be idle when the parent is busy for a moment."""
_MARGIN = 30.0
"""Factor by which a batch may exceed its prediction before it counts as hung. Predictions are made on an idle
machine, and an unsure recogniser searches several times."""
_LEAST_PATIENCE = 0.1
_LOADS = BackOff.growing(1.0, most=60.0)
"""Pauses between a failed load and the next."""


@dataclass(slots=True)
class _Given:
    """A batch that the process was given; mutable."""

    batch: Batch
    started_at: float | None = None
    deadline: float = float("inf")


class State(StrEnum):
    ABSENT = "absent"
    LOADING = "loading"
    READY = "ready"


class ModelProcessFailed(Exception):
    """End of a model process. `batch` is what it was working on, if anything: all of it is suspect. The
    message says how it ended."""

    def __init__(self, message: str, batch: Batch | None = None) -> None:
        super().__init__(message)
        self.batch = batch


class ModelLink:
    """Link to the model process of one model, of which there is at most one. Times are on the monotonic
    clock."""

    def __init__(self, plan: ModelPlan, *, load_timeout: float, batch_seconds: float) -> None:
        """Start no process yet. `batch_seconds`: the target length of batches; a shorter one is given as much
        time."""
        self._load = protocol.Load(plan.request, dict(plan.paths), registry.is_plugin(plan.request.engine))
        self._capability = plan.capability
        self._load_timeout = load_timeout
        self._batch_seconds = batch_seconds
        self._longest_call = plan.traits.longest_call
        # A task that waits outside of the pipe can still join a batch, where an engine takes large ones.
        takes_many = plan.traits.max_items > 1 and not plan.traits.is_parallel
        self._calls = plan.traits.calls
        """Batches that the process works on at the same time; none then waits in the pipe."""
        self._most = self._calls if self._calls > 1 else 2 if takes_many else _MOST_IN_PIPE
        self._child: Child | None = None
        self._given: dict[str, _Given] = {}
        self._deadline = float("inf")
        """Time at which the process is to be killed, whatever it works on."""
        self._not_before = 0.0
        self.state = State.ABSENT
        self.failures = 0
        """Number of failed loads in a row."""
        self.loaded: protocol.Loaded | None = None
        """Report of the last successful load; it outlives the model process."""
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
        """Whether a process may be started now; after a failed load there is a pause."""
        return time.monotonic() >= self._not_before

    @property
    def free_from(self) -> float:
        """Time at which the next batch may be given; infinity while there are enough."""
        if self.state is not State.READY or len(self._given) >= self._most:
            return float("inf")
        if not self._given or self._calls > 1:
            return 0.0
        started_at = next(iter(self._given.values())).started_at
        if started_at is None:
            return float("inf")  # the process will report its load at once
        return started_at + sum(given.batch.predicted for given in self._given.values()) - _LEAD_SECONDS

    @property
    def is_idle(self) -> bool:
        return not self._given

    @property
    def works_apart(self) -> bool:
        """Whether each batch is worked on by itself, beside others."""
        return self._calls > 1

    @property
    def running(self) -> int:
        """Number of batches that the process works on."""
        return sum(given.started_at is not None for given in self._given.values())

    @property
    def deadline(self) -> float:
        """Time at which the model process is to be killed unless it has answered."""
        return min([self._deadline, *(given.deadline for given in self._given.values())])

    @property
    def is_late(self) -> bool:
        """Whether the process is to be killed now; False if its answer only waits to be read."""
        if time.monotonic() < self.deadline:
            return False
        return self._child is None or not self._child.poll()

    def ensure_started(self) -> bool:
        """Start a model process if there is none and no pause is due. True if one was started."""
        if self._child is not None or not self.may_start:
            return False
        self.state = State.LOADING
        try:
            self._child = Child.start(protocol.MODEL_PROCESS_MODULE, program=self._program())
            self._child.send(protocol.CODEC.encode(self._load))
        except (OSError, ChildDied) as error:
            self.error = Message("The model process cannot be started ({error}).", error=str(error))
            self._failed()
            return False
        self._deadline = time.monotonic() + self._load_timeout
        return True

    def give(self, batch: Batch) -> None:
        """Send a batch to the process. If that has ended, `receive` says so after what it still answered."""
        assert self._child is not None
        self._given[batch.id] = _Given(batch)
        try:
            self._child.send(
                protocol.CODEC.encode(
                    protocol.Run(batch.id, tuple(m.step.ref(m.index) for m in batch.members))
                )
            )
        except ChildDied:
            # It may have finished one batch and begun another since the last message that was read: only its
            # answers say which of them was in the engine at the end.
            self._deadline = time.monotonic()

    def receive(
        self, seconds_allowed: Callable[[Batch], float]
    ) -> tuple[Batch, protocol.Finished | protocol.Drafted] | None:
        """Take one message. Returns a batch that is finished, or a draft of it, or None for anything else.

        `seconds_allowed`: engine time that the tasks of a batch may still use, asked when it begins. Raises
        ModelProcessFailed when the model process has ended or breaks the protocol.
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
            case protocol.Started():
                given = self._named(message.batch, is_begun=False)
                given.started_at = time.monotonic()
                given.deadline = given.started_at + self._patience(given.batch, seconds_allowed)
            case protocol.Drafted():
                given = self._named(message.batch, is_begun=True)
                if not 0 <= message.item < len(given.batch.members):
                    raise self._failed(ProtocolError("a draft of nothing"))
                return given.batch, message
            case protocol.Finished():
                return self._finished(message)
            case _:
                raise self._failed(ProtocolError(f"{message.op} out of turn"))
        return None

    def _finished(self, message: protocol.Finished) -> tuple[Batch, protocol.Finished]:
        """Take the end of a batch. Raises ModelProcessFailed."""
        given = self._named(message.batch, is_begun=True)
        if len(message.items) != len(given.batch.members):
            raise self._failed(ProtocolError("a wrong number of results"))
        if not all(protocol.is_result_of(self._capability, item) for item in message.items):
            raise self._failed(ProtocolError("results of another model"))
        del self._given[message.batch]
        return given.batch, replace(message, seconds=max(0.0, min(message.seconds, _age(given))))

    def _named(self, name: str, *, is_begun: bool) -> _Given:
        """Return the batch that a message is about: any that was given, or the first where one is worked on
        at a time. Raises ModelProcessFailed."""
        given = self._given.get(name)
        is_its_turn = self._calls > 1 or next(iter(self._given), None) == name
        if given is None or not is_its_turn or (given.started_at is not None) != is_begun:
            raise self._failed(ProtocolError("a message about another batch"))
        return given

    @property
    def next_batch(self) -> Batch | None:
        """A batch in the engine, or the one that will be next."""
        return next((given.batch for given in self._given.values()), None)

    @property
    def batches(self) -> Collection[Batch]:
        """All batches that were given and have not ended."""
        return tuple(given.batch for given in self._given.values())

    def running_for(self) -> float:
        """Seconds since the first batch in the engine began; 0 if none has."""
        return max(map(_age, self._given.values()), default=0.0)

    def kill(self) -> ModelProcessFailed:
        """End the model process now. Returns the failure, with what it was working on: only with what is
        late, if something is."""
        now = time.monotonic()
        if self.state is State.LOADING and now >= self._deadline:
            self.error = Message("The model did not load within {seconds:g} s.", seconds=self._load_timeout)
        late = [name for name, given in self._given.items() if given.deadline <= now]
        return self._failed(suspects=late)

    def take_back(self) -> list[Batch]:
        """Remove and return the batches that were given and not begun."""
        batches = list(self.batches)
        self._given.clear()
        return batches

    def _program(self) -> tuple[str, ...] | None:
        """Command of the model process of an engine that has an environment of its own: isolated (-I), so
        that neither the environment's variables nor this process's packages reach it."""
        interpreter = registry.interpreter_of(self._load.request.engine)
        return (str(interpreter), "-I", str(protocol.STANDALONE)) if interpreter else None

    def _patience(self, batch: Batch, seconds_allowed: Callable[[Batch], float]) -> float:
        expected = max(batch.predicted, self._batch_seconds)
        allowed = max(_LEAST_PATIENCE, seconds_allowed(batch))
        return max(min(_MARGIN * expected, allowed), self._longest_call)

    def _failed(self, error: Exception | None = None, suspects: Collection[str] = ()) -> ModelProcessFailed:
        """End the process, and make the failure. `suspects`: batches that it failed on; none: all that it was
        working on."""
        was_loading = self.state is State.LOADING
        ended = self._child.kill() if self._child else "not running"
        self._child, self.state, self._deadline = None, State.ABSENT, float("inf")
        if was_loading:
            self.failures += 1
            self._not_before = time.monotonic() + _LOADS.after(self.failures)
            self.error = self.error or Message(
                "The model process ended while loading the model ({ended}).", ended=ended
            )
        begun = [name for name, given in self._given.items() if given.started_at is not None]
        failed = [self._given.pop(name).batch for name in suspects or begun]
        for given in self._given.values():
            given.started_at, given.deadline = None, float("inf")
        return ModelProcessFailed(f"{ended}{f': {error}' if error else ''}", Batch.of(failed))


def _age(given: _Given) -> float:
    return time.monotonic() - given.started_at if given.started_at is not None else 0.0
