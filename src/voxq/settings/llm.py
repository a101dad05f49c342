"""Providers of language models as operators write them. No error quotes an address or a key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from voxq.engines import voices
from voxq.llm.provider import LIGHT, USUAL_CALLS, USUAL_CONTEXT, Provider
from voxq.locale import Message
from voxq.model_store import published

_FORM = "name=http://host/v1|model"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_URL = re.compile(r"[!-~]{1,1000}")
_MODEL = re.compile(r"[^\s|,]{1,200}")
_KEY = re.compile(r"[!-~]{1,500}")
_LEAST_CONTEXT, _MOST_CONTEXT = 1024, 10_000_000
_MOST_CALLS = 256


@dataclass(frozen=True, slots=True)
class Server:
    """An entry of LLM_PROVIDERS."""

    url: str
    model: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number for all providers, and exceptions by name."""

    usual: int
    special: Mapping[str, int] = field(default_factory=dict)

    def of(self, name: str) -> int:
        return self.special.get(name, self.usual)


def parse_servers(text: str) -> dict[str, Server]:
    """Parse "name=http://host/v1|model,name2=..." to servers by name. Raises ValueError."""
    servers: dict[str, Server] = {}
    for name, entry in _named(text, _FORM):
        _check_name(name)
        url, _, model = (part.strip() for part in entry.rpartition("|"))
        if not (url and _MODEL.fullmatch(model)):
            raise ValueError(Message("{name} must be like {form}", name=name, form=_FORM))
        servers[name] = Server(_checked_url(name, url), model)
    return servers


def parse_provider_keys(text: str) -> dict[str, str]:
    """Parse "name=key,name2=key2" to keys by the name of their provider. Raises ValueError."""
    keys = dict(_named(text, "name=key"))
    for name, key in keys.items():
        if not _KEY.fullmatch(key):
            raise ValueError(Message("the key of {name} has characters that no key has", name=name))
    return keys


def parse_contexts(text: str) -> Numbers:
    """Parse "8192" or "8192,local=4096" to tokens of context. Raises ValueError."""
    return _numbers(text, USUAL_CONTEXT, range(_LEAST_CONTEXT, _MOST_CONTEXT + 1))


def parse_calls(text: str) -> Numbers:
    """Parse "4" or "4,openai=16" to requests at the same time. Raises ValueError."""
    return _numbers(text, USUAL_CALLS, range(1, _MOST_CALLS + 1))


def providers_of(
    servers: Mapping[str, Server],
    keys: Mapping[str, str],
    contexts: Numbers,
    calls: Numbers,
    *,
    default: str,
    seconds: float,
) -> dict[str, Provider]:
    """Put the providers together, the default first. Raises ValueError, which names the setting, for a name
    that LLM_PROVIDERS does not have."""
    names = {"LLM_KEYS": keys, "LLM_CONTEXT": contexts.special, "LLM_CALLS": calls.special}
    for setting, given in (*names.items(), ("LLM_DEFAULT", [default] if default else [])):
        if unknown := next((name for name in given if name not in servers), None):
            raise ValueError(Message("{setting}: LLM_PROVIDERS has no {name}", setting=setting, name=unknown))
    ordered = sorted(servers, key=lambda name: name != default)  # stable
    return {
        name: Provider(
            name,
            servers[name].url,
            servers[name].model,
            keys.get(name, ""),
            contexts.of(name),
            calls.of(name),
            seconds,
        )
        for name in ordered
    }


def _named(text: str, form: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of "name=value,...". Raises ValueError for another form, and for a name that comes
    twice."""
    seen: set[str] = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (part.strip() for part in entry.partition("="))
        if not (_NAME.fullmatch(name) and value):
            raise ValueError(Message("must be {form},... (names of letters, digits and . _ -)", form=form))
        if name in seen:
            raise ValueError(Message("the name {name!r} is given twice", name=name))
        seen.add(name)
        yield name, value


def _numbers(text: str, usual: int, allowed: range) -> Numbers:
    special: dict[str, int] = {}
    is_usual_given = False
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, number = (part.strip() for part in entry.rpartition("="))
        if not re.fullmatch(r"\d{1,9}", number) or int(number) not in allowed or (equals and not name):
            raise ValueError(
                Message(
                    "must be a number from {least} to {most}, or name=number,...",
                    least=allowed[0],
                    most=allowed[-1],
                )
            )
        if name in special or (not name and is_usual_given):
            raise ValueError(Message("a number is given twice"))
        if name:
            special[name] = int(number)
        else:
            usual, is_usual_given = int(number), True
    return Numbers(usual, special)


def _check_name(name: str) -> None:
    """Raise ValueError for a name that means something else: workers and clients know all models by name."""
    taken = {LIGHT, *voices.models(), *(model.name for model in published.MODELS)}
    if name.lower() in {each.lower() for each in taken}:
        raise ValueError(Message("{name!r} is the name of a model; give the provider another", name=name))


def _checked_url(name: str, url: str) -> str:
    """Return the base URL without a slash at its end. Raises ValueError."""
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    else:
        is_address = is_address and parts.scheme in ("http", "https") and parts.username is None
        is_address = is_address and not (parts.query or parts.fragment) and "?" not in url and "#" not in url
    if not (is_address and _URL.fullmatch(url)):
        raise ValueError(
            Message(
                "{name} needs a URL such as http://127.0.0.1:11434/v1, without user, password, ? and #",
                name=name,
            )
        )
    base = url.rstrip("/")
    if base.endswith("/chat/completions"):
        raise ValueError(Message("{name} needs the base URL, without /chat/completions", name=name))
    return base
