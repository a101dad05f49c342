from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from voxq.processes.media import protocol
from voxq.processes.messages import ProtocolError
from voxq.speech.audio import AudioInfo
from voxq.speech.chunking import Chunking
from voxq.speech.markup import Delivery, Utterance
from voxq.speech.sentences import Break

INFO = AudioInfo("ogg", "opus", "ogg", "audio/ogg", 1.5, 48_000, 1)


@pytest.mark.parametrize(
    "reply",
    [
        protocol.Probed("a", INFO),
        protocol.Probed("a", replace(INFO, duration=None)),
        protocol.Failed("a", "empty", "The file has no samples."),
        protocol.Chunks("a", ((0, 16_000), (20_000, 30_000)), 10.0),
        protocol.Prepared("a", 1.5, 0.1, 0.2),
        protocol.Sentences(
            "a",
            (
                Utterance("Hello.", Break.SENTENCE),
                Utterance("世界", Break.PARAGRAPH, Delivery(1.0, 0.5, 2.0, -3.0)),
                Utterance("again", Break.PARAGRAPH, joint=" "),
            ),
        ),
    ],
)
def test_replies_arrive_as_sent(reply: protocol.Reply) -> None:
    assert protocol.CODEC.decode_reply(protocol.CODEC.encode(reply)) == reply


@pytest.mark.parametrize(
    "request_",
    [
        protocol.Probe("a", Path("in"), 60.0),
        protocol.Prepare("a", Path("in"), Path("out"), 60.0, Chunking(20.0, 15.0, 1.0)),
        protocol.Split("a", "Hello.\n世界", "auto", "en", ("en", "zh"), 2.0),
    ],
)
def test_requests_arrive_as_sent(request_: protocol.Request) -> None:
    assert protocol.CODEC.decode_request(protocol.CODEC.encode(request_)) == request_


def probed(**changes: Any) -> dict[str, Any]:
    message = protocol.CODEC.encode(protocol.Probed("a", INFO))
    return {**message, "info": {**message["info"], **changes}}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"op": "run", "id": "a"},
        {"op": "probed", "id": "a"},
        probed(extension="../../etc/cron.d/x"),
        probed(duration=float("nan")),
        probed(duration="long"),
        probed(sample_rate=None),
        {"op": "chunks", "id": "a", "chunks": [[1]], "decoded": 1.0},
        {"op": "prepared", "id": "a", "duration": float("inf"), "decode_seconds": 0.0, "vad_seconds": 0.0},
    ],
)
def test_replies_with_invalid_values_are_rejected(message: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        protocol.CODEC.decode_reply(message)
