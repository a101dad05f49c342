"""Measurement of the layouts of one model, in processes of its own, so that it can be ended at any moment."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby

from voxq.engines import registry
from voxq.engines.contract import Layout
from voxq.locale import Message
from voxq.processes.child import Child, ChildDied
from voxq.processes.messages import ProtocolError
from voxq.processes.model import protocol as protocol
from voxq.storage.tuning import Speed, Subject

_NICE = 19
"""Whatever else runs on the machine goes first."""


_MOST_WAITED = 0.15
"""Share of the time for which a process may have waited for a processor and still be believed."""


class MeasurementFailed(Exception):
    """A process that measured has ended too early; the message says how."""


class MachineBusy(MeasurementFailed):
    """The process had to wait for the processors: what it measured says nothing."""


class Measurement:
    """Measures one model with one process after another, because a process has the replicas that it was
    loaded with. Mutable."""

    def __init__(self, subject: Subject) -> None:
        """Start nothing yet."""
        self.subject = subject
        self._trials = deque(_trials(subject))
        self._speeds: dict[Layout, Speed] = {}
        self._child: Child | None = None

    @property
    def child(self) -> Child | None:
        """The process that measures now."""
        return self._child

    @property
    def speeds(self) -> Sequence[Speed] | None:
        """Speeds of all layouts in their order; None until the last one is measured."""
        if self._trials:
            return None
        return [self._speeds[layout] for layout in self.subject.layouts]

    def start(self) -> Child:
        """Start the process that is due. Raises MeasurementFailed."""
        try:
            self._child = Child.start(protocol.MODEL_PROCESS_MODULE)
            with contextlib.suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICE)
            self._child.send(protocol.CODEC.encode(self._trials[0]))
        except (OSError, ChildDied) as error:
            self.stop()
            raise MeasurementFailed(str(error)) from None
        return self._child

    def receive(self) -> bool:
        """Take one message. Returns whether the process has measured all that it was asked for, and has been
        ended. Raises MeasurementFailed; after MachineBusy it can be started again."""
        assert self._child is not None
        trial = self._trials[0]
        try:
            message = protocol.CODEC.decode_reply(self._child.receive())
        except (ChildDied, ProtocolError) as error:
            raise MeasurementFailed(f"{self.stop()} {error}".strip()) from None
        match message:
            case protocol.Loaded():
                return False
            case protocol.Measured() if message.items in trial.items:
                if message.waited > _MOST_WAITED:
                    self.stop()
                    raise MachineBusy(Message("Other programs keep the processors busy; try again later."))
                layout = Layout(trial.request.replicas, message.items)
                self._speeds[layout] = Speed(layout, message.short, message.long)
            case _:
                self.stop()
                is_answer = isinstance(message, protocol.LoadFailed)
                raise MeasurementFailed(message.message if is_answer else f"{message.op} out of turn")
        if message.items != trial.items[-1]:
            return False
        self.stop()
        self._trials.popleft()
        return True

    def stop(self) -> str:
        """End the process, if there is one, and say how it ended. What it has not finished is measured
        again."""
        child, self._child = self._child, None
        return child.kill() if child is not None else ""


def _trials(subject: Subject) -> Iterator[protocol.Trial]:
    """Yield what is asked of each process: all layouts with the same replicas."""
    request, models = subject.request, dict(subject.paths)
    is_plugin = registry.is_plugin(request.engine)
    in_order = sorted(subject.layouts, key=lambda layout: (layout.replicas, layout.items))
    for replicas, layouts in groupby(in_order, key=lambda layout: layout.replicas):
        items = tuple(layout.items for layout in layouts)
        yield protocol.Trial(request.with_layout(Layout(replicas, items[-1])), models, items, is_plugin)
