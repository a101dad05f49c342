"""Protection against foreign web pages of a service that requires no key.

Any page that a browser shows can reach services on the browser's machine and network. It could send forms
here and, by pointing its own name at this machine's address (DNS rebinding), read the responses, too. With
keys no protection is needed, because no page knows one.
"""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers

from voxq.core.refusal import Refusal
from voxq.locale import Message
from voxq.settings import Settings
from voxq.settings.origins import are_allowed

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGE = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for a page of this service and for an address typed by a person."""


def check(method: str, headers: Headers, settings: Settings) -> None:
    """Check a request without a key. Raises Refusal ("foreign_host", "foreign_origin")."""
    host = headers.get("host", "")
    if not settings.allow_anonymous and not is_own_name(host, settings.api_host):
        raise Refusal(
            "foreign_host",
            Message(
                "Without keys the service answers to localhost only; set API_KEYS or ALLOW_ANONYMOUS=true "
                "for other names"
            ),
        )
    if method not in _READING and not _is_own_page(headers, host) and not _is_let_in(headers, settings):
        raise Refusal(
            "foreign_origin",
            Message("The request is from a page of another origin; CORS_ORIGINS lists the allowed ones"),
        )


def is_own_name(host: str, api_host: str) -> bool:
    """Whether a `Host` header names this machine or API_HOST, or is empty, as no browser sends it."""
    name = re.sub(r":\d*$", "", host).strip("[]").removesuffix(".").lower()
    if name in ("", "localhost", api_host.lower()) or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_own_page(headers: Headers, host: str) -> bool:
    """Whether a page of this service sent the request.

    Only the browser knows it behind a proxy that changes `Host`; old browsers do not send `Sec-Fetch-Site`.
    """
    if site := headers.get("sec-fetch-site"):
        return site in _OWN_PAGE
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2].lower() == host.lower()


def _is_let_in(headers: Headers, settings: Settings) -> bool:
    return are_allowed(headers.get("origin", ""), settings.origins)
