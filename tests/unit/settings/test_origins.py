from __future__ import annotations

import pytest

from voxq.settings.origins import are_allowed, parse_origins


def test_origins_as_browsers_send_them() -> None:
    origins = parse_origins("https://app.example.org, http://localhost:5173,http://[::1]:8443,http://x:443")
    assert origins == (
        "https://app.example.org",
        "http://localhost:5173",
        "http://[::1]:8443",
        "http://x:443",
    )
    assert are_allowed("http://localhost:5173", origins)
    assert not are_allowed("http://localhost:5174", origins)
    assert not are_allowed("null", origins)


@pytest.mark.parametrize(
    "text",
    [
        "app.example.org",
        "https://app.example.org/",
        "https://App.example.org",
        "https://app.example.org:443",
        "http://localhost:80",
        "https://*.example.org",
        "https://me@example.org",
        "http://localhost:80443",
        "null",
        "ftp://example.org",
        "*,https://app.example.org",
    ],
)
def test_origins_that_can_never_match_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"scheme, host|alone"):
        parse_origins(text)


def test_a_star_allows_all_origins_and_nothing_allows_none() -> None:
    assert are_allowed("null", parse_origins("*"))
    assert not are_allowed("https://app.example.org", parse_origins(""))
