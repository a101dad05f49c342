from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.settings import SettingsError, load_settings
from voxq.settings.keys import Allowance, parse_allowances, parse_keys

USUAL = Allowance(requests_per_minute=60, queue_seconds=600)


def test_keys_have_owners() -> None:
    assert parse_keys("bob:12345678, eve:abcdefgh") == {"12345678": "bob", "abcdefgh": "eve"}
    assert parse_keys("") == {}
    (owner,) = parse_keys("barebarebare").values()
    assert owner.startswith("key-")
    assert "bare" not in owner


@pytest.mark.parametrize(
    "text", ["bob:", "short", "a:12345678,b:12345678", "two words:12345678", "a\nb:12345678"]
)
def test_invalid_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        parse_keys(text)
    assert "12345678" not in str(refused.value)


def test_some_keys_have_limits_of_their_own() -> None:
    allowances = parse_allowances("bot:per_minute=0:queue_seconds=9, team:a:queue_seconds=0", USUAL)
    assert allowances.of("bot") == Allowance(0, 9)
    assert allowances.of("team:a") == Allowance(60, 0)
    assert allowances.of("anybody else") == USUAL


@pytest.mark.parametrize(
    "text",
    [
        "bot",
        "bot:",
        "bot:12345678",
        "bot:per_minute",
        "bot:per_minute=-1",
        "a:queue_seconds=1,a:per_minute=1",
    ],
)
def test_invalid_limits_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"per_minute|twice") as refused:
        parse_allowances(text, USUAL)
    assert "12345678" not in str(refused.value)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z.@+-][a-z:.@+-]{0,20}", fullmatch=True),
        st.tuples(st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1)),
        max_size=5,
    )
)
def test_limits_are_read_as_they_are_written(limits: dict[str, tuple[int, int]]) -> None:
    entries = (f"{name}:per_minute={rate}:queue_seconds={quota}" for name, (rate, quota) in limits.items())
    allowances = parse_allowances(",".join(entries), USUAL)
    assert {name: allowances.of(name) for name in limits} == {
        name: Allowance(rate, quota) for name, (rate, quota) in limits.items()
    }


def test_admins_are_keys_too_and_come_first() -> None:
    settings = load_settings(api_keys="bob:12345678", admin_keys="me:abcdefgh")
    assert list(settings.keys.items()) == [("abcdefgh", "me"), ("12345678", "bob")]
    assert settings.admins == {"me"}
    load_settings(api_host="0.0.0.0", admin_keys="me:abcdefgh").check_exposure()
    assert "abcdefgh" not in repr(settings)


@pytest.mark.parametrize("api_keys", [",", " , "])
def test_empty_entries_are_no_keys(api_keys: str) -> None:
    with pytest.raises(SettingsError):
        load_settings(api_host="0.0.0.0", api_keys=api_keys).check_exposure()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"api_keys": "me:12345678", "admin_keys": "me:abcdefgh"}, "share"),
        ({"api_keys": "bob:abcdefgh", "admin_keys": "me:abcdefgh"}, "share"),
        ({"api_keys": "bob:12345678", "key_limits": "bib:per_minute=1"}, "no key has the name bib"),
        ({"key_limits": "bob"}, "KEY_LIMITS"),
        ({"cors_origins": "https://app.example.org/"}, "CORS_ORIGINS.*https://app.example.org"),
    ],
)
def test_contradicting_settings_are_reported(wrong: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as told:
        load_settings(**wrong)
    assert "abcdefgh" not in str(told.value)
