"""The poller calls those who have something to read, and nobody else."""

from __future__ import annotations

import os
from contextlib import ExitStack

from voxq.worker.poller import Poller


def test_a_process_that_took_over_a_number_is_not_read_before_it_has_sent_something() -> None:
    """Two processes end at once, and the callback of the first replaces the other one."""
    poller = Poller()
    called: list[str] = []
    replaced: list[int] = []
    with ExitStack() as stack:
        first, second, new = pipes = [os.pipe() for _ in range(3)]
        for descriptor in (each for pipe in pipes for each in pipe):
            stack.callback(os.close, descriptor)

        def replace_the_other(other: int) -> None:
            called.append("old")
            replaced.append(other)
            os.dup2(new[0], other)  # the number is that of another pipe now
            poller.watch(other, lambda: called.append("new"))

        poller.watch(first[0], lambda: replace_the_other(second[0]))
        poller.watch(second[0], lambda: replace_the_other(first[0]))
        os.write(first[1], b"!")
        os.write(second[1], b"!")
        poller.call(poller.wait(5.0))
        assert called == ["old"]
        os.write(new[1], b"!")
        ready = poller.wait(5.0)
        poller.call(each for each in ready if each == replaced[0])
        assert called == ["old", "new"]
