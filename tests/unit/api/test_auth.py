"""Identification of callers, and limits on web pages in a browser without a key."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from voxq.api.callers import browsers
from voxq.api.callers.access import ANONYMOUS, Access
from voxq.api.callers.auth import is_local
from voxq.core.refusal import Refusal
from voxq.settings import Settings

KEYED = Access.of(
    Settings(api_keys="anna:secret-of-anna,ben:schlüssel-von-ben", admin_keys="me:secret-of-me")
)


class TestKeys:
    def test_each_key_has_its_owner(self) -> None:
        assert KEYED.owner_of("secret-of-anna") == "anna"
        assert KEYED.owner_of("schlüssel-von-ben".encode().decode("latin-1")) == "ben"
        assert KEYED.owner_of("secret-of-me") == "me"

    @given(st.none() | st.text(max_size=20))
    def test_unknown_keys_have_no_owner(self, key: str | None) -> None:
        assert KEYED.owner_of(key) is None

    @pytest.mark.parametrize("key", ["secret-of-anna", "secret-of-me", "unknown", "", None])
    def test_every_key_is_compared_in_constant_time_whichever_it_is(
        self, key: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[tuple[bytes, bytes]] = []

        def compare(known: bytes, given: bytes) -> bool:
            compared.append((known, given))
            return known == given

        monkeypatch.setattr(hmac, "compare_digest", compare)
        KEYED.owner_of(key)
        assert [known for known, _ in compared] == list(KEYED.owners)
        assert {len(each) for pair in compared for each in pair} == {32}, "digests, and not the keys"

    def test_owners_see_their_own_tasks_and_admins_all(self) -> None:
        seen = {
            who: {whose for whose in ("anna", "me", "x") if KEYED.sees(who, whose)} for who in ("anna", "me")
        }
        assert seen == {"anna": {"anna"}, "me": {"anna", "me", "x"}}

    def test_without_keys_all_tasks_are_accessible(self) -> None:
        access = Access.of(Settings())
        assert not access.needs_key
        assert access.sees(ANONYMOUS, "anna")

    @pytest.mark.parametrize("keys", [{"api_keys": "anonymous:12345678"}, {"admin_keys": "me:12345678"}])
    def test_with_keys_no_owner_is_an_admin_by_its_name(self, keys: dict[str, str]) -> None:
        assert not Access.of(Settings(**keys)).sees_all(ANONYMOUS)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("server", "local"),
    [
        (("127.0.0.1", 8000), True),
        (("::1", 8000), True),
        (("/run/voxq.sock", None), True),
        (None, True),
        (("192.168.1.5", 8000), False),
        (("2001:db8::1", 8000), False),
        (("0.0.0.0", 8000), False),
    ],
)
def test_local_addresses_are_recognised(server: tuple[str, int | None] | None, local: bool) -> None:
    assert is_local(server) is local


OWN = [
    "localhost",
    "localhost:8000",
    "LOCALHOST.:8000",
    "voxq.localhost",
    "127.0.0.1:8000",
    "127.1.2.3",
    "[::1]:8000",
]
OTHER = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "192.168.1.5:8000",
    "[2001:db8::1]",
    "127.0.0.1.x",
]


class TestHosts:
    @pytest.mark.parametrize("host", [*OWN, "[::1]", "0.0.0.0:8000", ""])
    def test_names_of_this_machine(self, host: str) -> None:
        assert browsers.is_own_name(host, "127.0.0.1")

    @pytest.mark.parametrize("host", OTHER)
    def test_foreign_host_names_are_refused(self, host: str) -> None:
        assert not browsers.is_own_name(host, "127.0.0.1")

    def test_the_configured_host_name_is_accepted(self) -> None:
        assert browsers.is_own_name("Speech.lan:8000", "speech.lan")

    @given(st.text(max_size=30))
    def test_any_host_header_gets_a_response(self, host: str) -> None:
        browsers.is_own_name(host, "127.0.0.1")


def refusal(method: str, settings: Settings, **headers: str) -> str | None:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        browsers.check(method, Headers({"host": "localhost:8000"} | given), settings)
    except Refusal as refused:
        return refused.code
    return None


ALONE = Settings()
WITH_PAGE = Settings(cors_origins="https://app.example.org")
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    ("method", "headers", "code"),
    [
        ("POST", {}, None),
        ("POST", {"origin": "http://localhost:8000"}, None),
        ("POST", {"origin": "http://localhost:3000"}, "foreign_origin"),
        ("POST", {"origin": EVIL}, "foreign_origin"),
        ("POST", {"origin": "null"}, "foreign_origin"),
        ("POST", {"origin": EVIL, "sec_fetch_site": "cross-site"}, "foreign_origin"),
        ("POST", {"origin": "http://localhost:3000", "sec_fetch_site": "same-site"}, "foreign_origin"),
        ("POST", {"sec_fetch_site": "cross-site"}, "foreign_origin"),
        ("DELETE", {"origin": EVIL}, "foreign_origin"),
        ("POST", {"origin": "https://voxq.example.org", "sec_fetch_site": "same-origin"}, None),
        ("POST", {"sec_fetch_site": "none"}, None),
        ("GET", {"origin": EVIL, "sec_fetch_site": "cross-site"}, None),
        ("GET", {"host": "evil.example:8000"}, "foreign_host"),
        ("POST", {"host": "evil.example", "origin": "http://evil.example"}, "foreign_host"),
    ],
)
def test_without_a_key_pages_may_only_read_their_own_origin(
    method: str, headers: dict[str, str], code: str | None
) -> None:
    assert refusal(method, ALONE, **headers) == code


def test_allowed_origins_are_accepted() -> None:
    for site in ({}, {"sec_fetch_site": "cross-site"}):
        assert refusal("POST", WITH_PAGE, origin="https://app.example.org", **site) is None
        assert refusal("POST", WITH_PAGE, origin=EVIL, **site) == "foreign_origin"
        assert refusal("POST", Settings(cors_origins="*"), origin=EVIL, **site) is None


def test_with_anonymous_access_host_names_are_free_and_pages_are_not() -> None:
    settings = Settings(allow_anonymous=True)
    assert refusal("POST", settings, host="speech.lan:8000") is None
    assert refusal("POST", settings, host="speech.lan:8000", origin="http://speech.lan:8000") is None
    assert refusal("POST", settings, host="speech.lan:8000", origin=EVIL) == "foreign_origin"
