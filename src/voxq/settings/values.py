"""Types of settings that need more than a number, validated when they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from voxq.engines.languages import NAMES, code_of
from voxq.locale import Message
from voxq.settings.engines import check_name, parse_capabilities, parse_models, parse_plugins
from voxq.settings.keys import Allowance, parse_allowances, parse_keys
from voxq.settings.llm import parse_calls, parse_contexts, parse_provider_keys, parse_servers
from voxq.settings.origins import parse_origins
from voxq.settings.redis_address import check_host, check_url
from voxq.settings.units import parse_duration, parse_size

_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False}


def _as_read_by(parse: Callable[[str], object]) -> AfterValidator:
    """Accept the texts that `parse` accepts; its ValueError explains what is wrong with others."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _auto_or_bool(value: object) -> object:
    return _SWITCH.get(value.strip().lower(), value.strip().lower()) if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _language(text: str) -> str:
    code = code_of(text)
    if code != "auto" and code not in NAMES:
        raise ValueError(Message("must be auto, an ISO 639-1 code such as en or zh, or an English name"))
    return code


CapabilityNames = Annotated[str, _as_read_by(parse_capabilities)]
Device = Annotated[str, Field(pattern=r"^(cpu|cuda:[0-9]{1,2})$")]
PluginNames = Annotated[str, _as_read_by(parse_plugins)]
HomePath = Annotated[Path, AfterValidator(Path.expanduser)]
RedisUrl = Annotated[str, AfterValidator(lambda url: url and check_url(url))]
RedisHost = Annotated[str, AfterValidator(lambda host: host and check_host(host))]
QueueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
AutoOrBool = Annotated[Literal["auto", True, False], BeforeValidator(_auto_or_bool)]
Language = Annotated[str, AfterValidator(_language)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
Size = Annotated[str, _as_read_by(parse_size)]
Duration = Annotated[str, _as_read_by(parse_duration)]
Keys = Annotated[str, _as_read_by(parse_keys)]
KeyLimits = Annotated[str, _as_read_by(lambda text: parse_allowances(text, Allowance()))]
Origins = Annotated[str, _as_read_by(parse_origins)]
ProviderServers = Annotated[str, _as_read_by(parse_servers)]
ProviderKeys = Annotated[str, _as_read_by(parse_provider_keys)]
ProviderContexts = Annotated[str, _as_read_by(parse_contexts)]
ProviderCalls = Annotated[str, _as_read_by(parse_calls)]
OwnModels = Annotated[str, _as_read_by(parse_models)]
RecogniserName = Annotated[str, _as_read_by(lambda model: check_name(Path(model).name))]
