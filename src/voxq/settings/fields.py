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
    ProviderCalls,
    ProviderContexts,
    ProviderKeys,
    ProviderServers,
    QueueName,
    RecogniserName,
    RedisHost,
    RedisUrl,
    Size,
)


class Fields(BaseSettings):
    """Immutable values of all settings. Paths are kept as given, with `~` expanded."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        validate_default=True,
        hide_input_in_errors=True,
        defer_build=True,
    )

    # Redis
    redis_url: RedisUrl | None = Field(
        None, repr=False, description="Redis or Valkey server, redis://[:password@]host:port/db, or unix://."
    )
    redis_host: RedisHost | None = Field(
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
        description="More models that clients may request, besides those installed: name=engine:model, ...",
    )
    preload_models: str = Field(
        "",
        description="Comma-separated models to load at start. Unset: ASR_MODEL; none: load on demand.",
    )
    model_memory_mb: int | None = Field(
        None,
        ge=64,
        description="MB of memory for the models of one worker. Unset: most of its device's memory.",
    )
    model_idle_seconds: int = Field(
        0, ge=0, description="Seconds after which an unused model is unloaded; 0: only if memory is needed."
    )
    asr_language: Language = Field(
        "auto",
        description="Language of recordings whose request names no other; auto: detected. A fixed language is"
        " used for all of them, and speech in another is transcribed wrongly.",
    )
    asr_chinese_script: Literal["simplified", "traditional", "unchanged"] = Field(
        "simplified",
        description="Script of Mandarin text: simplified, traditional (Taiwan), or unchanged as recognised.",
    )
    asr_hotwords_path: HomePath | None = Field(
        None, description="Text file with one hotword per line. Unset: a packaged, empty one."
    )
    asr_use_gpu: AutoOrBool = Field(
        "auto", description="auto, true (refuse to start without a GPU) or false."
    )
    asr_threads: int = Field(0, ge=0, le=256, description="CPU threads of one engine; 0: share the cores.")
    asr_replicas: int = Field(
        0,
        ge=0,
        le=16,
        description="Replicas of a Whisper network that share the CPU threads; 0: what was measured to be the"
        " fastest, until then one for each thread, at most 4.",
    )
    tune_after_seconds: int = Field(
        60,
        ge=0,
        description="Seconds without work after which a worker measures once, for two minutes at most, how"
        " its models use this machine best; 0: never.",
    )
    onnx_provider: Literal["auto", "cpu", "cuda", "tensorrt"] = Field(
        "auto", description="Provider of ONNX models: auto (that of the device), cpu, cuda or tensorrt."
    )
    tts_device: Device = Field(
        "cpu",
        description="Device for speech synthesis: cpu, cuda:0, ...; models without GPU support use the CPU.",
    )
    speaker_model: str = Field(
        "ge2e", description="Model that tells speakers apart: a name from 'voxq models list'."
    )
    speaker_device: Device = Field(
        "cpu",
        description="Device of the model that does so: cpu, cuda:0, ...; ge2e uses the CPU in any case.",
    )
    worker_capabilities: CapabilityNames = Field(
        "",
        description="Capabilities of workers, comma-separated: recognise, speak, rewrite, embed. Unset: all.",
    )
    engine_plugins: PluginNames = Field(
        "", description="Comma-separated names of engines from other installed packages that may be used."
    )
    asr_batch_size: int = Field(
        60, ge=1, le=3600, description="Maximum seconds of (padded) audio in one batch."
    )

    # Language models
    llm_providers: ProviderServers = Field(
        "",
        description="Servers of language models with OpenAI's API, or Ollama: name=http://host/v1|model,...",
    )
    llm_keys: ProviderKeys = Field(
        "", repr=False, description="Keys of these servers, where they need one: name=key,name2=key2."
    )
    llm_default: str = Field(
        "", description="Server of language models for requests that name none. Unset: the first."
    )
    llm_context: ProviderContexts = Field(
        "8192",
        description="Tokens of a prompt and its answer: a number for all these servers, name=number for one.",
    )
    llm_calls: ProviderCalls = Field(
        "4", description="Requests at the same time: a number for all these servers, name=number for one."
    )
    llm_timeout_seconds: int = Field(
        120, ge=1, le=3600, description="Maximum seconds of one request to a language model."
    )

    # Storage and retention
    storage_path: HomePath = Field(Path("storage"), description="Directory of recordings, logs and journals.")
    max_recordings: int = Field(
        10,
        ge=0,
        description="Number of recordings kept after their tasks end. Speech is kept as long as its result.",
    )
    max_history_records: int = Field(10, ge=0, description="Length of the history list in Redis.")
    result_ttl: int = Field(3600, ge=1, description="Seconds for which a result can be fetched.")
    failed_ttl: int = Field(604800, ge=1, description="Seconds for which a failed task can be retried.")
    min_free_disk_mb: int = Field(
        500, ge=0, description="MB of free disk space below which uploads are refused."
    )
    fsync: bool = Field(False, description="Survive power loss, too, at the cost of slower submissions.")

    # Queue and workers
    rq_queue_name: QueueName = Field(
        "asr-queue", description="Name of the RQ queue for recordings (its normal lane)."
    )
    tts_queue_name: QueueName = Field(
        "tts-queue", description="Name of the RQ queue for texts to speak (its normal lane)."
    )
    rq_worker_count: int | None = Field(
        None, ge=1, le=64, description="Number of workers. Unset: one per visible GPU, or one without a GPU."
    )
    rq_worker_timeout: int = Field(
        600, ge=1, description="Maximum seconds of engine time for one task; long ones get more."
    )
    max_inflight: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Maximum tasks in progress per worker. Unset: as many as its models batch.",
    )
    max_batch_ms: int = Field(
        1000,
        ge=10,
        le=60000,
        description="Predicted milliseconds of engine time per batch; three times as many while only one "
        "task is there.",
    )
    live_batch_ms: int = Field(
        400,
        ge=10,
        le=60000,
        description="The same for long recordings while somebody waits for a short task.",
    )
    max_attempts: int = Field(3, ge=1, le=100, description="Crashes a task may cause before it fails.")
    long_audio_seconds: int = Field(300, ge=1, description="Audio longer than this waits in the long lane.")
    media_processes: int = Field(
        2, ge=1, le=16, description="Maximum number of API processes that check uploads."
    )
    media_timeout_seconds: int = Field(600, ge=1, description="Maximum seconds for decoding one recording.")
    model_load_timeout: int = Field(600, ge=1, description="Maximum seconds for loading a model.")
    shutdown_seconds: int = Field(
        20, ge=1, le=600, description="Seconds for a clean stop before processes are killed."
    )
    worker_pcm_mb: int = Field(
        2048, ge=64, description="Maximum MB of decoded audio that one worker keeps on disk."
    )

    # API
    api_host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 needs API_KEYS.")
    api_port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    api_reload: bool = Field(False, description="Restart the API when its source changes (development).")
    api_keys: Keys = Field(
        "",
        repr=False,
        description="Keys for clients, one of which every request needs: name:key,name2:key2 or bare keys.",
    )
    admin_keys: Keys = Field(
        "",
        repr=False,
        description="Keys that may see and change the tasks of all owners, written like API_KEYS.",
    )
    allow_anonymous: bool = Field(False, description="Allow API_HOST beyond this machine without API_KEYS.")
    cors_origins: Origins = Field(
        "",
        description="Web origins that may use the API in browsers: https://app.example.org,... or *.",
    )
    rate_limit_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Requests that create tasks, per minute and key; as many may come at once. 0: no limit.",
    )
    max_queue_seconds_per_key: int | None = Field(
        None,
        ge=1,
        le=999_999_999,
        description="Maximum seconds of waiting audio per key and kind of task. Unset: MAX_QUEUE_SECONDS.",
    )
    key_limits: KeyLimits = Field(
        "", description="Limits for single keys: name:per_minute=60:queue_seconds=3600,... 0: no limit."
    )
    max_upload_mb: int = Field(1024, ge=1, description="Maximum MB of one upload.")
    max_audio_seconds: int = Field(28800, ge=1, description="Maximum seconds of audio in one upload.")
    max_text_characters: int = Field(
        100_000, ge=1, le=1_000_000, description="Maximum characters of one text to speak."
    )
    max_queue_seconds: int = Field(
        86400,
        ge=1,
        description="Maximum seconds of waiting audio; beyond it submissions get 429 with Retry-After.",
    )
    openai_timeout_seconds: int = Field(
        590,
        ge=1,
        le=86400,
        description="Maximum seconds that a request under /v1, to /asr or of QuQu's waits for its task "
        "(SDKs: 600).",
    )
    max_waiting_requests: int = Field(
        1000,
        ge=1,
        description="Maximum waiting requests under /v1, to /asr and of QuQu's per API process, shared by "
        "all keys.",
    )
    max_event_streams: int = Field(
        100,
        ge=1,
        description="Maximum open streams of events or speech per key and API process.",
    )
    metrics_anonymous: bool = Field(False, description="Allow access to /metrics without a key.")

    # Webhooks
    webhooks: str = Field(
        "",
        repr=False,
        description="Servers to notify when tasks end: name=https://host/path,name2=https://...",
    )
    webhook_secrets: str = Field(
        "", repr=False, description="Secrets for signing the requests to webhooks: name:secret,name2:secret2."
    )
    webhook_allow_private: bool = Field(
        False, description="Allow webhooks on this machine and its network, and http://."
    )

    # Logs
    log_level: LogLevel = Field("INFO", description="Minimum level of messages in the logs.")
    log_rotation: Size = Field("10 MB", description="Size at which a log file is rotated: B, KB, MB, GB.")
    log_retention: Duration = Field(
        "30 days", description="Age at which old log files are deleted: seconds, minutes, hours, days, weeks."
    )
