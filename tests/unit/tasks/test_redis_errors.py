"""Explanations of Redis errors."""

from __future__ import annotations

import pytest
import redis.exceptions as errors
from hypothesis import given
from hypothesis import strategies as st
from redis._parsers.base import BaseParser

from voxq.queue import redis_errors
from voxq.queue.redis_check import hindrances
from voxq.queue.redis_errors import Repeats, ScriptFailed, explain, state_of

GOOD = {"redis_version": "7.2.4", "maxmemory_policy": "noeviction", "role": "master", "cluster_enabled": 0}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("OOM command not allowed when used memory > 'maxmemory'.", "out of memory"),
        ("ERR Error running script: @user_script:20: -OOM command not allowed", "out of memory"),
        ("READONLY You can't write against a read only replica.", "read-only"),
        ("ERR Error running script: @user_script:1: -READONLY You can't write", "read-only"),
        ("MISCONF Errors writing to the AOF file: No space left on device", "cannot save"),
        ("LOADING Redis is loading the dataset in memory", "loading"),
        ("NOAUTH Authentication required.", "password; check REDIS_URL or REDIS_PASSWORD"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "REDIS_PASSWORD"),
        ("NOPERM this user has no permissions to run the 'evalsha' command", "permissions"),
        ("ERR max number of clients reached", "connections"),
        ("CLUSTERDOWN Hash slot not served", "cluster"),
        ("MOVED 3999 127.0.0.1:6381", "cluster"),
        ("BUSY Redis is busy running a script.", "busy"),
        ("MASTERDOWN Link with MASTER is down", "replica"),
    ],
)
def test_the_state_of_a_server_follows_from_its_error(answer: str, said: str) -> None:
    error = BaseParser.parse_error(answer)
    assert said in (state_of(error) or ""), type(error)
    assert explain(error) == state_of(error)


@pytest.mark.parametrize("error", [errors.ConnectionError("refused"), errors.TimeoutError("late")])
def test_a_missing_reply_is_a_state_too(error: errors.RedisError) -> None:
    assert explain(error) == "it does not answer"


@pytest.mark.parametrize(
    "error",
    [
        BaseParser.parse_error("WRONGTYPE Operation against a key holding the wrong kind of value"),
        BaseParser.parse_error("ERR user_script:5: attempt to index a nil value"),
        ScriptFailed("the script claim failed: WRONGTYPE"),
    ],
)
def test_an_error_of_the_command_is_no_state_of_the_server(error: errors.RedisError) -> None:
    assert state_of(error) is None
    assert str(error) in explain(error)


def test_repeated_messages_are_suppressed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(redis_errors.time, "monotonic", lambda: now)
    said = Repeats(60)
    assert [said.is_news(each) for each in "aab"] == [True, False, True]
    now += 59
    assert not said.is_news("a")
    now += 2
    assert said.is_news("a")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"maxmemory": 100, "used_memory": 100}, "full"),
        ({"aof_last_write_status": "err"}, "append-only"),
        ({"role": "slave"}, "replica"),
    ],
)
def test_conditions_that_hinder_a_server_are_reported(change: dict[str, object], said: str) -> None:
    assert hindrances(GOOD) == []
    assert hindrances({**GOOD, "maxmemory": 100, "used_memory": 99}) == []
    (sentence,) = hindrances({**GOOD, **change})
    assert said in sentence


@given(st.dictionaries(st.sampled_from([*GOOD, "aof_last_write_status"]), st.one_of(st.text(), st.none())))
def test_any_info_is_handled(info: dict[str, object]) -> None:
    assert isinstance(hindrances(info), list)
