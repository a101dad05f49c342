"""Joining process of a worker, which writes the speech files of several texts at the same time.

It is separate from the decoding processes, so that neither a long recording nor one that crashes its decoder
delays speech. Every failure is reported in a message; only a crash, or the end of its parent, ends the
process.
"""

from __future__ import annotations

import logging
import sys

from voxq.locale import Message
from voxq.processes.child import ChildDied
from voxq.processes.media import join_protocol as protocol
from voxq.processes.media.join import Joint, SoundGone
from voxq.processes.media.process import connected
from voxq.processes.messages import ProtocolError

_log = logging.getLogger(__name__)

_DEFAULT_MEGABYTES = 2048
"""Limit of the address space."""


def main() -> None:
    """Serve requests until the parent goes away."""
    pipe, _ = connected(_DEFAULT_MEGABYTES)
    joints = Joints()
    try:
        while True:
            reply = joints.answer(protocol.CODEC.decode_request(pipe.receive()))
            if reply is not None:
                pipe.send(protocol.CODEC.encode(reply))
    except ChildDied:
        sys.exit(0)
    except ProtocolError as error:
        _log.error("joiner: the parent sent an unknown message: %s", error)
        sys.exit(2)


class Joints:
    """Texts in progress, by id."""

    def __init__(self) -> None:
        self._joints: dict[str, Joint | protocol.Failed] = {}
        """A failure to start is reported in response to the next `Append`."""

    def answer(self, request: protocol.Request) -> protocol.Reply | None:
        match request:
            case protocol.Begin():
                self._begin(request)
            case protocol.Append():
                return self._append(request)
            case protocol.Drop():
                self._drop(request.id)
        return None

    def _begin(self, begin: protocol.Begin) -> None:
        self._drop(begin.id)
        try:
            self._joints[begin.id] = Joint(begin)
        except Exception as error:
            self._joints[begin.id] = _failed(begin.id, error)

    def _append(self, append: protocol.Append) -> protocol.Reply:
        joint = self._joints.get(
            append.id, protocol.Failed(append.id, "internal", Message("It was not started."))
        )
        if isinstance(joint, protocol.Failed):
            self._drop(append.id)
            return joint
        try:
            times = joint.append(append.sounds, is_last=append.is_last)
        except Exception as error:
            self._drop(append.id)
            return _failed(append.id, error)
        if not append.is_last:
            return protocol.Appended(append.id, times)
        del self._joints[append.id]
        return protocol.Joined(append.id, times, joint.duration, joint.rate, round(joint.seconds, 4))

    def _drop(self, id: str) -> None:
        joint = self._joints.pop(id, None)
        if isinstance(joint, Joint):
            joint.drop()


def _failed(id: str, error: Exception) -> protocol.Failed:
    if isinstance(error, SoundGone):
        return protocol.Failed(id, "audio_unavailable", Message("The sound of a sentence is gone."))
    if isinstance(error, OSError):
        _log.error("joiner: %s cannot be written: %s", id, error.strerror)
        return protocol.Failed(
            id, "storage", Message("The speech could not be written: {reason}.", reason=error.strerror)
        )
    _log.error("joiner: %s failed", id, exc_info=error)
    return protocol.Failed(id, "internal", Message("The speech could not be joined."))


if __name__ == "__main__":
    main()
