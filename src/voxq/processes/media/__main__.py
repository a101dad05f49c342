"""Media process: decodes recordings and splits texts. It knows neither Redis nor HTTP.

It handles hostile bytes, so its parent must be able to kill it, and its memory is limited. Every failure is
reported in a message; only a crash, or the end of its parent, ends the process.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

from voxq.locale import Message
from voxq.processes.child import ChildDied, Pipe
from voxq.processes.media import protocol
from voxq.processes.media.process import connected
from voxq.processes.messages import ProtocolError
from voxq.speech.audio import AudioError

_log = logging.getLogger(__name__)

_DEFAULT_MEGABYTES = 2048
"""Limit of the address space; decoding and VAD take about 300."""

_FAILURES = {
    "probe": Message("The recording could not be decoded"),
    "clip": Message("The recording could not be decoded"),
    "prepare": Message("The recording could not be decoded"),
    "split": Message("The text could not be read"),
}


def main() -> None:
    """Serve requests until the parent goes away."""
    pipe, _ = connected(_DEFAULT_MEGABYTES)
    import voxq.speech.probe  # noqa: F401  # now rather than at the first request, which somebody waits for

    try:
        while True:
            _serve(pipe)
    except ChildDied:
        sys.exit(0)
    except ProtocolError as error:
        _log.error("media: the parent sent an unknown message: %s", error)
        sys.exit(2)


def _serve(pipe: Pipe) -> None:
    request = protocol.CODEC.decode_request(pipe.receive())
    for reply in _replies(request):
        pipe.send(protocol.CODEC.encode(reply))


def _replies(request: protocol.Request) -> Iterator[protocol.Reply]:
    try:
        yield from _work(request)
    except AudioError as error:
        yield protocol.Failed(request.id, error.code, str(error))
    except MemoryError:
        yield protocol.Failed(request.id, "too_large", Message("This needs more memory than allowed."))
    except OSError as error:
        _log.error("media: %s of %s failed: %s", request.op, request.id, error.strerror)
        yield protocol.Failed(
            request.id,
            "storage",
            Message("{problem}: {reason}.", problem=_FAILURES[request.op], reason=error.strerror),
        )
    except Exception:
        _log.exception("media: %s of %s failed", request.op, request.id)
        yield protocol.Failed(request.id, "internal", Message("{problem}.", problem=_FAILURES[request.op]))


def _work(request: protocol.Request) -> Iterator[protocol.Reply]:
    # Imported only here, so that a process that only probes stays small.
    match request:
        case protocol.Probe():
            from voxq.speech.probe import probe

            yield protocol.Probed(
                request.id, probe(request.path, request.max_seconds, track=request.audio_track)
            )
        case protocol.Clip():
            from voxq.processes.media.clip import clip

            yield protocol.Clipped(request.id, clip(request))
        case protocol.Prepare():
            from voxq.processes.media.prepare import prepare

            yield from prepare(request)
        case protocol.Split():
            from voxq.processes.media.split import split

            yield from split(request)


if __name__ == "__main__":
    main()
