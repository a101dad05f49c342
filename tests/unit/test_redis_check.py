import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.queue.redis_check import KEEP_EVERYTHING, describe, loss_at_restart, place, problems

GOOD = {"redis_version": "7.2.4", "maxmemory_policy": "noeviction", "role": "master", "cluster_enabled": 0}


@pytest.mark.parametrize(
    "info",
    [
        GOOD,
        {**GOOD, "valkey_version": "9.1.2", "server_name": "valkey"},
        {**GOOD, "redis_version": "6.2.0"},
        {**GOOD, "redis_version": "10.0.0-rc1"},
    ],
)
def test_suitable_servers_are_accepted(info: dict[str, object]) -> None:
    assert problems(info) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redis_version": "6.0.16"}, "6.2 is needed"),
        ({"redis_version": "5.0.14"}, "6.2 is needed"),
        ({"maxmemory_policy": "allkeys-lru"}, "noeviction"),
        ({"role": "slave"}, "replica"),
        ({"cluster_enabled": 1}, "cluster"),
    ],
)
def test_each_problem_has_a_sentence(change: dict[str, object], said: str) -> None:
    (problem,) = problems({**GOOD, **change})
    assert said in problem


@given(st.dictionaries(st.sampled_from([*GOOD]), st.one_of(st.text(), st.integers(), st.none())))
def test_any_info_is_handled(info: dict[str, object]) -> None:
    assert isinstance(problems(info), list)


def test_names() -> None:
    assert describe({"valkey_version": "9.1.2", "redis_version": "7.2.4"}) == "Valkey 9.1.2"
    assert describe({"redis_version": "7.4.1"}) == "Redis 7.4.1"


def test_shown_addresses_contain_no_password() -> None:
    assert place("redis://:secret@host:7000/1") == "host:7000"
    assert place("redis://user:secret@host") == "host:6379"
    assert place("unix://:secret@/run/redis.sock") == "/run/redis.sock"


@pytest.mark.parametrize(
    ("info", "saving", "said"),
    [
        ({"aof_enabled": 1}, "", None),
        ({"aof_enabled": 0}, "", "keeps nothing over a restart"),
        ({"aof_enabled": 0}, "3600 1", "(save 3600 1)"),
        ({"aof_enabled": 0}, None, "does not tell"),
        ({}, None, "does not tell"),
    ],
)
def test_what_a_server_would_forget_is_reported(
    info: dict[str, object], saving: str | None, said: str | None
) -> None:
    told = loss_at_restart({**GOOD, **info}, saving)
    assert (told is None) == (said is None)
    assert said is None or (told and said in told and "STORAGE_PATH" in told)
    assert "CONFIG SET appendonly yes" in KEEP_EVERYTHING
