"""Messages of a model process without Pydantic, because the process may run where little more than NumPy is
installed.

Requests come from its parent, which is trusted; its replies are checked by the parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voxq.engines.contract import EngineRequest
from voxq.processes.child import Message
from voxq.processes.messages import ProtocolError
from voxq.processes.model.protocol import (
    ChunkRef,
    Load,
    ReferenceRef,
    Reply,
    Request,
    Run,
    SentenceRef,
    SpanRef,
    TextRef,
    Trial,
    VectorsRef,
    WindowsRef,
)


def encode(reply: Reply) -> Message:
    """Convert a reply to a JSON object."""
    return asdict(reply)


def decode(message: Message) -> Request:
    """Read a request. Raises ProtocolError."""
    try:
        match message.get("op"):
            case "load":
                request = EngineRequest(**message["request"])
                models = {str(role): Path(path) for role, path in message["models"].items()}
                return Load(request, models, is_plugin=bool(message["is_plugin"]))
            case "trial":
                request = EngineRequest(**message["request"])
                models = {str(role): Path(path) for role, path in message["models"].items()}
                items = tuple(map(int, message["items"]))
                return Trial(request, models, items, is_plugin=bool(message["is_plugin"]))
            case "run":
                return Run(str(message["batch"]), tuple(map(_ref, message["items"])))
            case op:
                raise ProtocolError(f"no request is called {op!r}")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"a request of another shape ({type(error).__name__})") from None


def _ref(item: Mapping[str, Any]) -> ChunkRef:
    if "windows" in item:
        windows = tuple((int(start), int(end)) for start, end in item["windows"])
        return WindowsRef(Path(item["pcm"]), windows, Path(item["vectors"]))
    if "files" in item:
        return VectorsRef(tuple(map(Path, item["files"])), int(item["least"]), int(item["most"]))
    options = dict(item["options"])
    if "sound" in item:
        reference = item.get("reference")
        voice = None if reference is None else _reference(reference)
        return SentenceRef(str(item["text"]), options, Path(item["sound"]), voice)
    if "text" in item:
        return TextRef(str(item["text"]), options)
    return SpanRef(Path(item["pcm"]), int(item["start"]), int(item["end"]), options)


def _reference(item: Mapping[str, Any]) -> ReferenceRef:
    return ReferenceRef(
        None if item["pcm"] is None else Path(item["pcm"]),
        int(item["sample_rate"]),
        None if item["text"] is None else str(item["text"]),
        None if item["vector"] is None else tuple(map(float, item["vector"])),
        str(item["revision"]),
    )
