"""The complete settings: checks across several of them, and values derived from them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from pydantic import model_validator

from voxq import kinds
from voxq.core.addresses import is_loopback
from voxq.engines.contract import Capability
from voxq.kinds import Kind
from voxq.llm.provider import Provider
from voxq.locale import Message
from voxq.settings.engines import parse_capabilities, parse_models, parse_plugins
from voxq.settings.fields import Fields
from voxq.settings.keys import Allowance, Allowances, parse_allowances, parse_keys
from voxq.settings.llm import (
    parse_calls,
    parse_contexts,
    parse_provider_keys,
    parse_servers,
    providers_of,
)
from voxq.settings.origins import parse_origins
from voxq.settings.redis_address import check_url
from voxq.settings.units import parse_duration, parse_size
from voxq.settings.webhooks import Webhook, parse_webhooks

PACKAGED_HOTWORDS = Path(__file__).parents[1] / "data" / "hotwords.txt"


class SettingsError(Exception):
    """The configuration cannot be used.

    Each of `problems` names a setting, what is wrong with it, and what to write instead; the message has them
    all, one per line. `fields`: names of the settings that are to blame, in lower case, as far as known.
    """

    def __init__(self, *problems: str, fields: Collection[str] = ()) -> None:
        super().__init__(Message.joined("\n", problems))
        self.problems = problems
        self.fields = frozenset(fields)


class Clashes(ValueError):
    """Settings that are valid on their own conflict; each of `problems` names them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(Message.joined("\n", problems))
        self.problems = problems


class Queues(NamedTuple):
    """The three lanes of one kind of task, as RQ queue names."""

    high: str
    short: str
    long: str


class Settings(Fields):
    """An immutable configuration."""

    @model_validator(mode="before")
    @classmethod
    def _join_redis_parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        host = values.get("redis_host")
        if values.get("redis_url") or not host:
            return values
        password = values.get("redis_password")
        auth = f":{quote(str(password), safe='')}@" if password else ""
        shown = f"[{host}]" if ":" in host else host
        url = f"redis://{auth}{shown}:{values.get('redis_port', 6379)}/{values.get('redis_db', 0)}"
        try:
            return {**values, "redis_url": check_url(url)}
        except ValueError:  # the part that is wrong is told as such
            return values

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if clashes := list(self._clashes()):
            raise Clashes(clashes)
        return self

    def _clashes(self) -> Iterator[str]:
        """Yield one line for each conflict between settings that are valid on their own."""
        named = [kind for kind in kinds.registered().values() if kind.queue_setting]
        for one, other in combinations(named, 2):
            if set(self.queues_of(one)) & set(self.queues_of(other)):
                yield Message(
                    "{one} and {other} must not share a queue",
                    one=str(one.queue_setting).upper(),
                    other=str(other.queue_setting).upper(),
                )
        ordinary, admin = parse_keys(self.api_keys), parse_keys(self.admin_keys)
        if ordinary.keys() & admin.keys() or set(ordinary.values()) & set(admin.values()):
            yield Message("API_KEYS and ADMIN_KEYS must not share a key or a name")
        if unknown := sorted(self.allowances.special.keys() - set(self.keys.values())):
            yield Message("KEY_LIMITS: no key has the name {name}", name=unknown[0])
        try:
            if taken := sorted(self.providers.keys() & {Path(self.asr_model).name, *self.own_models}):
                yield Message("LLM_PROVIDERS: {name} is the name of a recogniser", name=taken[0])
        except ValueError as error:
            yield str(error)
        try:
            self.registered_webhooks  # noqa: B018
        except ValueError as error:
            yield str(error)

    @property
    def recordings_dir(self) -> Path:
        """Directory of uploads, under their stored names."""
        return self.storage_path / "recordings"

    @property
    def logs_dir(self) -> Path:
        """Directory of asr_api.log, asr_worker.log, asr_error.log and asr_history.jsonl."""
        return self.storage_path / "logs"

    @property
    def journal_dir(self) -> Path:
        """Directory of the journal, the durable record of tasks."""
        return self.storage_path / "journal"

    @property
    def incoming_dir(self) -> Path:
        """Directory of unfinished uploads, beside the recordings so that a rename completes an upload."""
        return self.storage_path / "incoming"

    @property
    def work_dir(self) -> Path:
        """Directory of scratch files of tasks being processed."""
        return self.storage_path / "work"

    @property
    def voiceprints_dir(self) -> Path:
        """Directory of voiceprints, by owner."""
        return self.storage_path / "voiceprints"

    @property
    def samples_dir(self) -> Path:
        """Directory of cached voice samples."""
        return self.storage_path / "samples"

    @property
    def tuning_dir(self) -> Path:
        """Directory of what was measured of the models on this machine."""
        return self.storage_path / "tuning"

    @property
    def redis_dir(self) -> Path:
        """Directory of the embedded server's append-only file."""
        return self.storage_path / "redis"

    @property
    def run_dir(self) -> Path:
        """Directory of the running stack's lock, address and secret."""
        return self.storage_path / "run"

    @property
    def api_url(self) -> str:
        """URL of the API for clients on this machine."""
        every = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (where to find it, not where to listen)
        host = every.get(self.api_host, self.api_host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.api_port}"

    @property
    def hotwords_path(self) -> Path:
        return self.asr_hotwords_path or PACKAGED_HOTWORDS

    def queues_of(self, kind: Kind) -> Queues:
        """Return the lanes of a kind of task.

        The short one is named exactly as the kind's setting says, because clients of RQ look there.
        """
        name = getattr(self, kind.queue_setting) if kind.queue_setting else f"{kind.name}-queue"
        return Queues(f"{name}-high", name, f"{name}-long")

    @property
    def queues(self) -> tuple[str, ...]:
        """Names of all lanes of all kinds."""
        return tuple(queue for kind in kinds.registered().values() for queue in self.queues_of(kind))

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What workers do, the main one first."""
        return parse_capabilities(self.worker_capabilities)

    @property
    def plugins(self) -> tuple[str, ...]:
        """Names of the engines of other packages that may be used."""
        return parse_plugins(self.engine_plugins)

    @property
    def own_models(self) -> Mapping[str, tuple[str, str]]:
        """Name -> (engine, model), from ASR_MODELS."""
        return parse_models(self.asr_models)

    @property
    def keys(self) -> Mapping[str, str]:
        """API key -> name of its owner, admins first; empty if no keys are set."""
        return parse_keys(self.admin_keys) | parse_keys(self.api_keys)

    @property
    def admins(self) -> frozenset[str]:
        """Names of the owners of ADMIN_KEYS."""
        return frozenset(parse_keys(self.admin_keys).values())

    @property
    def allowances(self) -> Allowances:
        """Limits of each key."""
        usual = Allowance(self.rate_limit_per_minute, self.max_queue_seconds_per_key or 0)
        return parse_allowances(self.key_limits, usual)

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins from CORS_ORIGINS."""
        return parse_origins(self.cors_origins)

    @property
    def registered_webhooks(self) -> Mapping[str, Webhook]:
        """Name -> webhook, from WEBHOOKS and WEBHOOK_SECRETS."""
        return parse_webhooks(self.webhooks, self.webhook_secrets, allow_private=self.webhook_allow_private)

    @property
    def providers(self) -> Mapping[str, Provider]:
        """Name -> server of a language model, the default first."""
        return providers_of(
            parse_servers(self.llm_providers),
            parse_provider_keys(self.llm_keys),
            parse_contexts(self.llm_context),
            parse_calls(self.llm_calls),
            default=self.llm_default,
            seconds=self.llm_timeout_seconds,
        )

    @property
    def log_rotation_bytes(self) -> int:
        return parse_size(self.log_rotation)

    @property
    def log_retention_time(self) -> timedelta:
        return parse_duration(self.log_retention)

    def worker_count(self, gpus: int) -> int:
        """Return how many workers to run on a machine with `gpus` visible GPUs (>= 0)."""
        return self.rq_worker_count or max(1, gpus)

    def environ(self) -> dict[str, str]:
        """Return the variables from which a child process, in any directory, reads these same settings."""
        given = {name.upper(): getattr(self, name) for name in type(self).model_fields}
        return {name: _written(value) for name, value in given.items() if value is not None}

    def check_exposure(self) -> None:
        """Raise SettingsError if the API would be open to the network without keys and without consent."""
        if self.keys or self.allow_anonymous or is_loopback(self.api_host):
            return
        raise SettingsError(
            Message(
                "API_HOST={api_host} opens the API to the network without a key. Set "
                "API_KEYS=name:key, or API_HOST=127.0.0.1, or ALLOW_ANONYMOUS=true if everybody there "
                "may use it.",
                api_host=self.api_host,
            )
        )


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.absolute() if isinstance(value, Path) else value)
