"""Webhooks registered by the operator: clients name one of them and never give an address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from voxq.core.addresses import is_public
from voxq.locale import Message

NAME = re.compile(r"[A-Za-z0-9-]{1,32}")

_URL = re.compile(r"[!-~]{1,2000}")
_LEAST_SECRET = 16


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registered webhook. `url` is kept out of its repr like `secret`: its path may act as a password."""

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)


def parse_webhooks(urls: str, secrets: str, *, allow_private: bool) -> dict[str, Webhook]:
    """Parse "bot=https://host/path,..." and "bot:secret,..." to webhooks by name.

    Raises ValueError, without quoting a URL or a secret.
    """
    known = _pairs("WEBHOOKS", urls, "=", "name=https://host/path")
    keys = _pairs("WEBHOOK_SECRETS", secrets, ":", "name:secret")
    if missing := known.keys() ^ keys.keys():
        raise ValueError(
            Message(
                "WEBHOOKS and WEBHOOK_SECRETS need the same names; see {missing}",
                missing=", ".join(sorted(missing)),
            )
        )
    for name, url in known.items():
        _check(name, url, allow_private)
        if len(keys[name]) < _LEAST_SECRET:
            raise ValueError(
                Message(
                    "WEBHOOK_SECRETS: that of {name} needs {least} characters or more",
                    name=name,
                    least=_LEAST_SECRET,
                )
            )
    return {name: Webhook(name, url, keys[name]) for name, url in known.items()}


def _pairs(setting: str, text: str, separator: str, form: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = entry.partition(separator)
        if not (NAME.fullmatch(name) and value):
            raise ValueError(
                Message(
                    "{setting} must be {form},... (names of letters, digits and hyphens)",
                    setting=setting,
                    form=form,
                )
            )
        if name in pairs:
            raise ValueError(Message("{setting} has the name {name} twice", setting=setting, name=name))
        pairs[name] = value
    return pairs


def _check(name: str, url: str, allow_private: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, SplitResult("", "", "", "", "")
    if not host or not _URL.fullmatch(url) or parts.username is not None or parts.fragment:
        raise ValueError(
            Message(
                "WEBHOOKS: {name} needs a URL such as https://host/path, without user, password and #",
                name=name,
            )
        )
    schemes = ("https", "http") if allow_private else ("https",)
    if parts.scheme not in schemes:
        raise ValueError(
            Message(
                "WEBHOOKS: {name} needs https:// (http:// only with WEBHOOK_ALLOW_PRIVATE=true)", name=name
            )
        )
    if not allow_private and _is_private(host):
        raise ValueError(
            Message(
                "WEBHOOKS: {name} is on a private network, which needs WEBHOOK_ALLOW_PRIVATE=true", name=name
            )
        )


def _is_private(host: str) -> bool:
    """Whether a host is private, judging by its name alone; its address is checked when connecting."""
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost"
