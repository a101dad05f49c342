"""Every setting, read once from the environment and a `.env` file in the working directory.

The environment wins over `.env`, names are case-insensitive, an empty value counts as unset. Nothing ever
`source`s the file, so values with spaces need no quotes. `.env.example` is the mirror of this class.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from voxq.engines import synthesisers
from voxq.keys import Allowance, Allowances, parse_allowances, parse_keys
from voxq.origins import parse_origins
from voxq.webhooks.registered import Webhook, parse_webhooks

PACKAGED_HOTWORDS = Path(__file__).parent / "data" / "hotwords.txt"

_DOTENV = Path(".env")
_PREFIXES = (
    *("ADMIN_KEY", "API_", "ASR_", "CORS_", "KEY_LIMIT", "LOG_", "MAX_", "MEDIA_", "MODEL_", "RATE_LIMIT"),
    *("REDIS_", "RQ_", "STORAGE_", "TTS_", "WEBHOOK"),
)
_SIZE_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_TIME_UNITS = ("second", "minute", "hour", "day", "week")


class SettingsError(Exception):
    """The configuration cannot be used; the message says which setting, why, and what to write instead."""


class Queues(NamedTuple):
    """The three lanes of one kind of work, as RQ queue names."""

    high: str
    short: str
    long: str


class Settings(BaseSettings):
    """One immutable configuration. Paths are kept as given, `~` expanded."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, validate_default=True, hide_input_in_errors=True
    )

    # Redis
    redis_url: str | None = Field(
        None, repr=False, description="Redis or Valkey server, redis://[:password@]host:port/db, or unix://."
    )
    redis_host: str | None = Field(
        None, description="Host of the server, instead of REDIS_URL. Both unset: voxq up starts its own."
    )
    redis_port: int = Field(6379, ge=1, le=65535, description="Port, used with REDIS_HOST.")
    redis_db: int = Field(0, ge=0, description="Database number, used with REDIS_HOST.")
    redis_password: str | None = Field(None, repr=False, description="Password, used with REDIS_HOST.")

    # Recognition
    asr_engine: str = Field("faster-whisper", description="Engine that recognises speech.")
    asr_model: str = Field(
        "whisper-base", description="Model of that engine: a name from 'voxq models list'."
    )
    asr_model_path: Path = Field(
        Path("~/.cache/modelscope/hub"), description="Directory where models from hubs are looked up."
    )
    asr_models: str = Field(
        "",
        description="Other models that clients may ask for, beside what is installed: name=engine:model, ...",
    )
    preload_models: str = Field(
        "",
        description="Models loaded at the start, between commas. Unset: ASR_MODEL; none: when first needed.",
    )
    model_memory_mb: int | None = Field(
        None,
        ge=64,
        description="MB that the models of one worker may take. Unset: most of what its device has.",
    )
    model_idle_seconds: int = Field(
        0, ge=0, description="Seconds after which an unused model is unloaded; 0: never without need."
    )
    asr_language: str = Field(
        "auto",
        pattern=r"^(auto|[a-z]{2,3})$",
        description="Language when a request names none: auto detects it, a forced one garbles the others.",
    )
    asr_hotwords_path: Path | None = Field(
        None, description="Text file of hotwords, one a line. Unset: a packaged, empty one."
    )
    asr_use_gpu: Literal["auto", True, False] = Field(
        "auto", description="auto, true (refuse to start without a GPU) or false."
    )
    asr_threads: int = Field(0, ge=0, le=256, description="CPU threads of one engine; 0 = share the cores.")
    asr_batch_size: int = Field(
        60, ge=1, le=3600, description="Seconds of (padded) audio given to the model at once, at most."
    )

    # Storage and retention
    storage_path: Path = Field(Path("storage"), description="Directory of recordings, logs and journals.")
    max_recordings: int = Field(
        10,
        ge=0,
        description="Recordings of ended tasks that are kept. Speech is kept as long as its result.",
    )
    max_history_records: int = Field(10, ge=0, description="Length of the history list in Redis.")
    result_ttl: int = Field(3600, ge=1, description="Seconds for which a result can be fetched.")
    failed_ttl: int = Field(604800, ge=1, description="Seconds for which a failed task can be retried.")
    min_free_disk_mb: int = Field(500, ge=0, description="MB of free disk under which uploads are refused.")
    fsync: bool = Field(False, description="Survive power loss, too, at the price of slower submissions.")

    # Queue and workers
    rq_queue_name: str = Field(
        "asr-queue", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Name of the RQ queue (its normal lane)."
    )
    tts_queue_name: str = Field(
        "tts-queue",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Name of the RQ queue of texts to speak (its normal lane).",
    )
    rq_worker_count: int | None = Field(
        None, ge=1, le=64, description="Workers. Unset: one per visible GPU, or one without a GPU."
    )
    rq_worker_timeout: int = Field(
        600, ge=1, description="Seconds of engine time that one task may take; a long text gets more."
    )
    max_inflight: int | None = Field(
        None, ge=1, le=64, description="Tasks that one worker works on at once. Unset: as its models batch."
    )
    max_batch_ms: int = Field(
        1000, ge=10, le=60000, description="Predicted milliseconds of engine time per batch, at most."
    )
    max_attempts: int = Field(3, ge=1, le=100, description="Crashes a task may cause before it fails.")
    long_audio_seconds: int = Field(300, ge=1, description="Audio longer than this waits in the long lane.")
    media_processes: int = Field(2, ge=1, le=16, description="Processes of the API that check uploads.")
    media_timeout_seconds: int = Field(600, ge=1, description="Seconds that decoding one recording may take.")
    model_load_timeout: int = Field(600, ge=1, description="Seconds that loading a model may take.")
    shutdown_seconds: int = Field(20, ge=1, le=600, description="Seconds for a clean stop before a kill.")
    worker_pcm_mb: int = Field(
        2048, ge=64, description="MB of decoded audio that one worker keeps on disk at once."
    )

    # API
    api_host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 needs API_KEYS.")
    api_port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    api_reload: bool = Field(False, description="Restart the API when its source changes (development).")
    api_keys: str = Field(
        "", repr=False, description="Keys that clients must send: name:key,name2:key2 or bare keys."
    )
    admin_keys: str = Field(
        "", repr=False, description="Keys that see and may change everybody's tasks, written like API_KEYS."
    )
    allow_anonymous: bool = Field(False, description="Listen beyond this machine without API_KEYS.")
    cors_origins: str = Field(
        "", description="Pages of other origins that browsers may let in: https://app.example.org,... or *."
    )
    rate_limit_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Requests that make work, a minute, of each key; as many may come at once. 0: no limit.",
    )
    max_queue_seconds_per_key: int | None = Field(
        None,
        ge=1,
        le=999_999_999,
        description="Seconds of audio of one key that may wait, of each kind. Unset: no limit of its own.",
    )
    key_limits: str = Field(
        "", description="Other limits for some keys: name:per_minute=60:queue_seconds=3600,... 0: no limit."
    )
    max_upload_mb: int = Field(1024, ge=1, description="MB of one upload, at most.")
    max_audio_seconds: int = Field(28800, ge=1, description="Seconds of audio in one upload, at most.")
    max_text_characters: int = Field(
        100_000, ge=1, le=1_000_000, description="Characters of one text to speak, at most."
    )
    max_queue_seconds: int = Field(
        86400, ge=1, description="Seconds of audio that may wait; beyond it clients are told to come back."
    )
    openai_timeout_seconds: int = Field(
        590, ge=1, le=86400, description="Seconds that a request under /v1 waits for its task (SDKs: 600)."
    )
    max_waiting_requests: int = Field(
        1000,
        ge=1,
        description="Requests under /v1 that may wait in one process of the API, shared by all keys.",
    )
    max_event_streams: int = Field(
        100,
        ge=1,
        description="Streams, of events or of speech, that one key may have open in one process of the API.",
    )
    metrics_anonymous: bool = Field(False, description="Answer /metrics without a key.")

    # Webhooks
    webhooks: str = Field(
        "", repr=False, description="Servers that are told of ends: name=https://host/path,name2=https://..."
    )
    webhook_secrets: str = Field(
        "", repr=False, description="Secrets that sign what they are told: name:secret,name2:secret2."
    )
    webhook_allow_private: bool = Field(
        False, description="Let webhooks lead to this machine and its network, and be http://."
    )

    # Logs
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level logged.")
    log_rotation: str = Field("10 MB", description="Size at which a log file is set aside: B, KB, MB, GB.")
    log_retention: str = Field(
        "30 days", description="Age at which old log files go: seconds, minutes, hours, days, weeks."
    )

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
        return {**values, "redis_url": url}

    @model_validator(mode="after")
    def _queues_are_apart(self) -> Self:
        if set(self.queues) & set(self.speech_queues):
            raise ValueError("RQ_QUEUE_NAME and TTS_QUEUE_NAME must not share a queue")
        return self

    @field_validator("redis_url")
    @classmethod
    def _is_redis_url(cls, url: str | None) -> str | None:
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator("asr_use_gpu", mode="before")
    @classmethod
    def _auto_or_bool(cls, value: object) -> object:
        words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False}
        return words.get(value.strip().lower(), value.strip().lower()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("asr_model_path", "asr_hotwords_path", "storage_path")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path else None

    @field_validator("api_keys", "admin_keys")
    @classmethod
    def _are_keys(cls, value: str) -> str:
        parse_keys(value)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        parse_origins(value)
        return value

    @field_validator("key_limits")
    @classmethod
    def _are_limits(cls, value: str) -> str:
        parse_allowances(value, Allowance())
        return value

    @field_validator("asr_models")
    @classmethod
    def _are_models(cls, value: str) -> str:
        parse_models(value)
        return value

    @field_validator("asr_model")
    @classmethod
    def _is_no_voice(cls, value: str) -> str:
        _check_name(Path(value).name)
        return value

    @field_validator("log_rotation")
    @classmethod
    def _is_size(cls, value: str) -> str:
        parse_size(value)
        return value

    @field_validator("log_retention")
    @classmethod
    def _is_duration(cls, value: str) -> str:
        parse_duration(value)
        return value

    @model_validator(mode="after")
    def _keys_are_told_apart(self) -> Self:
        ordinary, admin = parse_keys(self.api_keys), parse_keys(self.admin_keys)
        if ordinary.keys() & admin.keys() or set(ordinary.values()) & set(admin.values()):
            raise ValueError("API_KEYS and ADMIN_KEYS must not share a key or a name")
        if unknown := sorted(self.allowances.special.keys() - set(self.keys.values())):
            raise ValueError(f"KEY_LIMITS: no key has the name {unknown[0]}")
        return self

    @model_validator(mode="after")
    def _webhooks_are_whole(self) -> Settings:
        self.registered_webhooks  # noqa: B018
        return self

    @property
    def recordings_dir(self) -> Path:
        """The uploads, under their stored names."""
        return self.storage_path / "recordings"

    @property
    def logs_dir(self) -> Path:
        """asr_api.log, asr_worker.log, asr_error.log and asr_history.jsonl."""
        return self.storage_path / "logs"

    @property
    def journal_dir(self) -> Path:
        """The disk truth about tasks."""
        return self.storage_path / "journal"

    @property
    def incoming_dir(self) -> Path:
        """Uploads still arriving; beside the recordings, so that a rename ends an upload."""
        return self.storage_path / "incoming"

    @property
    def work_dir(self) -> Path:
        """Scratch files of tasks being worked on."""
        return self.storage_path / "work"

    @property
    def samples_dir(self) -> Path:
        """A few words of each voice that somebody wanted to listen to."""
        return self.storage_path / "samples"

    @property
    def redis_dir(self) -> Path:
        """The embedded server's append-only file."""
        return self.storage_path / "redis"

    @property
    def run_dir(self) -> Path:
        """Lock, address and secret of the running stack."""
        return self.storage_path / "run"

    @property
    def hotwords_path(self) -> Path:
        return self.asr_hotwords_path or PACKAGED_HOTWORDS

    @property
    def queues(self) -> Queues:
        """The lanes of recordings; the short one bears RQ_QUEUE_NAME exactly: clients of RQ look there."""
        return _queues(self.rq_queue_name)

    @property
    def speech_queues(self) -> Queues:
        """The lanes of texts to speak."""
        return _queues(self.tts_queue_name)

    @property
    def own_models(self) -> Mapping[str, tuple[str, str]]:
        """Name -> (engine, model) of ASR_MODELS."""
        return parse_models(self.asr_models)

    @property
    def keys(self) -> Mapping[str, str]:
        """API key -> name of its owner, those of admins first; empty when none are set."""
        return parse_keys(self.admin_keys) | parse_keys(self.api_keys)

    @property
    def admins(self) -> frozenset[str]:
        """Names of the ADMIN_KEYS."""
        return frozenset(parse_keys(self.admin_keys).values())

    @property
    def allowances(self) -> Allowances:
        """How much each key may ask for."""
        usual = Allowance(self.rate_limit_per_minute, self.max_queue_seconds_per_key or 0)
        return parse_allowances(self.key_limits, usual)

    @property
    def origins(self) -> tuple[str, ...]:
        """Of the pages that CORS_ORIGINS lets in."""
        return parse_origins(self.cors_origins)

    @property
    def registered_webhooks(self) -> Mapping[str, Webhook]:
        """By name, of WEBHOOKS and WEBHOOK_SECRETS."""
        return parse_webhooks(self.webhooks, self.webhook_secrets, allow_private=self.webhook_allow_private)

    @property
    def log_rotation_bytes(self) -> int:
        return parse_size(self.log_rotation)

    @property
    def log_retention_time(self) -> timedelta:
        return parse_duration(self.log_retention)

    def worker_count(self, gpus: int) -> int:
        """How many workers to run on a machine with `gpus` visible GPUs (>= 0)."""
        return self.rq_worker_count or max(1, gpus)

    def environ(self) -> dict[str, str]:
        """The variables with which a child process in any directory reads these same settings."""
        given = {name.upper(): getattr(self, name) for name in type(self).model_fields}
        return {name: _written(value) for name, value in given.items() if value is not None}

    def check_exposure(self) -> None:
        """Raises SettingsError if anybody on the network could use the API without having been invited."""
        if self.keys or self.allow_anonymous or _is_loopback(self.api_host):
            return
        raise SettingsError(
            f"API_HOST={self.api_host} opens the API to the network without a key. Set API_KEYS=name:key, "
            "or API_HOST=127.0.0.1, or ALLOW_ANONYMOUS=true if everybody there may use it."
        )


def load_settings(dotenv: Path = _DOTENV, **overrides: Any) -> Settings:
    """The settings of this process; `overrides` (field names) win over everything.

    Raises SettingsError with one line for each setting that is wrong.
    """
    try:
        return Settings(_env_file=dotenv, **overrides)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        lines = (f"{_name(e['loc'])}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors())
        raise SettingsError("\n".join(lines)) from None


def unknown_settings(
    environ: Mapping[str, str] | None = None, dotenv: Mapping[str, str | None] | None = None
) -> list[str]:
    """A warning for each name that looks like a setting of ours and is none, with the likely right name.

    `environ` and `dotenv` are those of this process unless given.
    """
    if environ is None:
        environ = os.environ
    if dotenv is None:
        dotenv = dotenv_values(_DOTENV)
    known = {name.upper() for name in Settings.model_fields}
    given = {name.upper() for name in (*environ, *dotenv)}
    return [_warning(name, known) for name in sorted(given - known) if name.startswith(_PREFIXES)]


def parse_size(text: str) -> int:
    """Bytes of a size such as "10 MB" (1 MB = 1024 KB). Raises ValueError unless it is positive."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?B)\s*", text, re.IGNORECASE)
    size = int(float(match[1]) * _SIZE_UNITS[match[2].upper()]) if match else 0
    if size <= 0:
        raise ValueError('must be a size such as "10 MB" (units: B, KB, MB, GB)')
    return size


def parse_duration(text: str) -> timedelta:
    """The time of "30 days" and the like. Raises ValueError unless it is positive and under 1000 years."""
    match = re.fullmatch(rf"\s*(\d{{1,9}})\s*({'|'.join(_TIME_UNITS)})s?\s*", text, re.IGNORECASE)
    try:
        time = timedelta(**{f"{match[2].lower()}s": int(match[1])}) if match else timedelta()
    except OverflowError:
        time = timedelta()
    if not timedelta() < time < timedelta(days=365_000):
        raise ValueError(f'must be a time such as "30 days" (units: {", ".join(_TIME_UNITS)})')
    return time


def parse_models(text: str) -> dict[str, tuple[str, str]]:
    """Name -> (engine, model) of "name=engine:model,name2=engine:/a/directory". Raises ValueError."""
    models: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = (part.strip() for part in entry.partition("="))
        engine, _, model = rest.rpartition(":")
        if not (re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) and engine and model):
            raise ValueError(f"{entry!r} must be name=engine:model, such as calls=funasr:/models/our-calls")
        _check_name(name)
        if name in models:
            raise ValueError(f"the name {name!r} is there twice")
        models[name] = (engine, model)
    return models


def _check_name(model: str) -> None:
    """Raises ValueError for a recogniser with a synthesiser's name: a worker knows both by their names."""
    if model.lower() in synthesisers.names():
        raise ValueError(f"{model!r} is a synthesiser's name; give the recogniser another: {model}-asr")


def _queues(name: str) -> Queues:
    return Queues(f"{name}-high", name, f"{name}-long")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.absolute() if isinstance(value, Path) else value)


def _name(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "settings"


def _warning(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else " and is ignored")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
