from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines.contract import ChunkError, Cost, EngineRequest, Recognised, Rewritten
from voxq.processes.messages import ProtocolError
from voxq.processes.model import plain
from voxq.processes.model.protocol import (
    CODEC,
    Finished,
    KeptSpeech,
    Load,
    Loaded,
    LoadFailed,
    ReferenceRef,
    Reply,
    Request,
    Run,
    SentenceRef,
    SpanRef,
    Started,
    TextRef,
)
from voxq.speech.transcript import Segment, Word

seconds = st.floats(0, 1e6)
text = st.text(max_size=20)
words = st.builds(Word, text, seconds, seconds)
segments = st.builds(Segment, text, seconds, seconds, st.lists(words, max_size=2).map(tuple))
results = st.builds(Recognised, st.lists(segments, max_size=2).map(tuple), st.none() | text)
kept = st.builds(KeptSpeech, st.integers(0, 10**9), st.integers(8000, 48000))
names = st.dictionaries(text, text, max_size=2)
counts = st.dictionaries(text, st.integers(0, 10**6), max_size=2)
rewritten = st.builds(
    Rewritten, text, text, names, counts, st.none() | text, st.none() | text, seconds, st.none() | text
)
errors = st.builds(ChunkError, text, text)
replies: st.SearchStrategy[Reply] = st.one_of(
    st.builds(
        Loaded, seconds, text, st.integers(0, 10**6), st.integers(0, 10**6), st.builds(Cost, seconds, seconds)
    ),
    st.builds(LoadFailed, text),
    st.builds(Started, text),
    st.builds(
        Finished,
        text,
        seconds,
        st.lists(results | kept | rewritten | errors, max_size=3).map(tuple),
        st.booleans(),
    ),
)
options = st.dictionaries(text, st.none() | text | st.booleans() | st.lists(text, max_size=2), max_size=3)
paths = st.sampled_from([Path("/a/b c"), Path("relative"), Path("/音")])
references = st.builds(
    ReferenceRef,
    st.none() | paths,
    st.integers(8000, 48000),
    st.none() | text,
    st.none() | st.lists(st.floats(-1, 1), max_size=3).map(tuple),
    text,
)
requests: st.SearchStrategy[Request] = st.one_of(
    st.builds(
        Load,
        st.builds(EngineRequest, text, text, text, st.integers(0, 64), config=options),
        st.just({"path": Path("/m")}),
    ),
    st.builds(
        Run,
        text,
        st.lists(
            st.builds(SpanRef, paths, st.integers(), st.integers(), options)
            | st.builds(SentenceRef, text, options, paths, st.none() | references)
            | st.builds(TextRef, text, options),
            max_size=2,
        ).map(tuple),
    ),
)


@given(requests)
def test_requests_survive_the_pipe(request: Request) -> None:
    sent = json.loads(json.dumps(CODEC.encode(request)))
    assert CODEC.decode_request(sent) == request
    assert plain.decode(sent) == request, "without Pydantic"


@given(replies)
def test_replies_survive_the_pipe(reply: Reply) -> None:
    assert CODEC.decode_reply(json.loads(json.dumps(CODEC.encode(reply)))) == reply


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)


@given(
    st.sampled_from(["loaded", "load_failed", "started", "result", "load", "zzz"]),
    st.dictionaries(st.sampled_from(["batch", "items", "seconds", "cost", "message"]), json_values),
)
def test_anything_else_is_a_protocol_error_or_a_reply(op: str, fields: dict[str, Any]) -> None:
    try:
        CODEC.decode_reply({"op": op, **fields})
    except ProtocolError:
        return
    assert op != "load"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_non_finite_times_are_refused(bad: float) -> None:
    message = CODEC.encode(Finished("b", 1.0, (Recognised((Segment("secret", 0.0, 1.0),), "en"),)))
    message["items"][0]["segments"][0]["end"] = bad
    with pytest.raises(ProtocolError) as caught:
        CODEC.decode_reply(message)
    assert "secret" not in str(caught.value)


def test_an_error_does_not_quote_what_was_sent() -> None:
    """It is logged, and the message may hold what somebody has said."""
    message = CODEC.encode(Finished("b", 1.0, ())) | {"seconds": "secret"}
    with pytest.raises(ProtocolError) as caught:
        CODEC.decode_reply(message)
    assert "secret" not in str(caught.value)
