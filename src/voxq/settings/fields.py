"""Definition of every setting: type, default and description. `.env.example` mirrors it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from voxq.settings.values import (
    AutoOrBool,
    CapabilityNames,
    Device,
    Duration,
    HomePath,
    KeyLimits,
    Keys,
    Language,
    LogLevel,
    Origins,
    OwnModels,
    PluginNames,
    QueueName,
    RecogniserName,
    RedisUrl,
    Size,
)


class Fields(BaseSettings):
    """Immutable values of all settings. Paths are kept as given, with `~` expanded."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, validate_default=True, hide_input_in_errors=True
    )

    # Redis
    redis_url: RedisUrl | None = Field(
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
    asr_model: RecogniserName = Field(
        "whisper-base", description="Model of that engine: a name from 'voxq models list'."
    )
    asr_model_path: HomePath = Field(
        Path("~/.cache/modelscope/hub"), description="Directory where models from hubs are looked up."
    )
    asr_models: OwnModels = Field(
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
    asr_language: Language = Field(
        "auto",
        description="Language when a request names none: auto detects it, a forced one garbles the others.",
    )
    asr_chinese_script: Literal["simplified", "traditional", "unchanged"] = Field(
        "simplified",
        description="Characters of Mandarin: simplified, traditional (Taiwan), or unchanged as recognised.",
    )
    asr_hotwords_path: HomePath | None = Field(
        None, description="Text file of hotwords, one a line. Unset: a packaged, empty one."
    )
    asr_use_gpu: AutoOrBool = Field(
        "auto", description="auto, true (refuse to start without a GPU) or false."
    )
    asr_threads: int = Field(0, ge=0, le=256, description="CPU threads of one engine; 0 = share the cores.")
    tts_device: Device = Field(
        "cpu",
        description="Device of the models that speak: cpu, cuda:0, ...; one that knows no GPU has the CPU.",
    )
    worker_capabilities: CapabilityNames = Field(
        "",
        description="What workers do: recognise, speak, or both, between commas. Unset: both.",
    )
    engine_plugins: PluginNames = Field(
        "", description="Engines of other installed packages that may be used: their names, between commas."
    )
    asr_batch_size: int = Field(
        60, ge=1, le=3600, description="Seconds of (padded) audio given to the model at once, at most."
    )

    # Storage and retention
    storage_path: HomePath = Field(Path("storage"), description="Directory of recordings, logs and journals.")
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
    rq_queue_name: QueueName = Field("asr-queue", description="Name of the RQ queue (its normal lane).")
    tts_queue_name: QueueName = Field(
        "tts-queue", description="Name of the RQ queue of texts to speak (its normal lane)."
    )
    rq_worker_count: int | None = Field(
        None, ge=1, le=64, description="Workers. Unset: one per visible GPU, or one without a GPU."
    )
    rq_worker_timeout: int = Field(
        600, ge=1, description="Seconds of engine time that one task may take; a long one gets more."
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
    api_keys: Keys = Field(
        "", repr=False, description="Keys that clients must send: name:key,name2:key2 or bare keys."
    )
    admin_keys: Keys = Field(
        "", repr=False, description="Keys that see and may change everybody's tasks, written like API_KEYS."
    )
    allow_anonymous: bool = Field(False, description="Listen beyond this machine without API_KEYS.")
    cors_origins: Origins = Field(
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
    key_limits: KeyLimits = Field(
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
        "",
        repr=False,
        description="Servers to notify when tasks end: name=https://host/path,name2=https://...",
    )
    webhook_secrets: str = Field(
        "", repr=False, description="Secrets that sign what they are told: name:secret,name2:secret2."
    )
    webhook_allow_private: bool = Field(
        False, description="Let webhooks lead to this machine and its network, and be http://."
    )

    # Logs
    log_level: LogLevel = Field("INFO", description="Least level logged.")
    log_rotation: Size = Field("10 MB", description="Size at which a log file is set aside: B, KB, MB, GB.")
    log_retention: Duration = Field(
        "30 days", description="Age at which old log files go: seconds, minutes, hours, days, weeks."
    )
