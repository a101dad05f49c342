import re
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from voxq.settings import (
    PACKAGED_HOTWORDS,
    Settings,
    SettingsError,
    load_settings,
    load_valid_settings,
    unknown_settings,
)
from voxq.settings.units import parse_duration, parse_size

EXAMPLE = Path(__file__).parents[3] / ".env.example"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_example_gives_exactly_the_defaults() -> None:
    assert load_settings(EXAMPLE) == Settings()


def test_the_example_names_every_setting_and_no_other() -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines()]
    named = [line.partition("=")[0] for line in lines if re.match(r"[A-Z_]+=", line)]
    assert named == [name.upper() for name in Settings.model_fields]


def test_the_example_describes_every_setting() -> None:
    said = " ".join(line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines())
    assert [n for n, field in Settings.model_fields.items() if (field.description or "?") not in said] == []


def test_copying_the_example_leaves_the_embedded_server_on() -> None:
    assert not [name for name in dotenv_values(EXAMPLE) if name.startswith("REDIS_")]


def test_the_environment_wins_over_dotenv_and_case_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("API_PORT=9001\nMAX_RECORDINGS=7\nLOG_ROTATION=2 KB\n")
    monkeypatch.setenv("Api_Port", "9002")
    settings = load_settings()
    assert (settings.api_port, settings.max_recordings, settings.log_rotation_bytes) == (9002, 7, 2048)


def test_an_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_HOST", "")
    monkeypatch.setenv("API_PORT", "")
    assert load_settings().redis_url is None
    assert load_settings().api_port == 8000


def test_redis_parts_become_one_url() -> None:
    settings = load_settings(redis_host="::1", redis_port=7000, redis_db=2, redis_password="p@ss/word")
    assert settings.redis_url == "redis://:p%40ss%2Fword@[::1]:7000/2"


def test_a_redis_url_wins_over_the_parts() -> None:
    assert load_settings(redis_url="unix:///run/redis.sock", redis_host="x").redis_url == (
        "unix:///run/redis.sock"
    )


def test_secrets_are_not_shown() -> None:
    settings = load_settings(redis_host="x", redis_password="hush-hush", api_keys="bob:topsecret")
    assert "hush-hush" not in repr(settings)
    assert "topsecret" not in repr(settings)


def test_wrong_values_are_reported_together_without_quoting_them() -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(api_port=0, api_keys="secret", log_retention="soon", redis_url="http://x")
    lines = str(told.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "REDIS_URL",
        "API_PORT",
        "API_KEYS",
        "LOG_RETENTION",
    ]
    assert "secret" not in str(told.value)


def test_contradicting_settings_are_reported_together() -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(
            tts_queue_name="asr-queue",
            api_keys="me:12345678",
            admin_keys="me:abcdefgh",
            key_limits="bib:per_minute=1",
            webhooks="bot=https://example.org/",
        )
    assert [problem.split()[0] for problem in told.value.problems] == [
        "RQ_QUEUE_NAME",
        "API_KEYS",
        "KEY_LIMITS:",
        "WEBHOOKS",
    ]


@pytest.mark.parametrize(
    ("setting", "value"), [("asr_models", "kokoro=funasr:/x"), ("asr_model", "/models/Hibari")]
)
def test_a_recogniser_with_a_synthesisers_name_is_to_be_renamed(setting: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"{setting.upper()}: .*another: \w+-asr"):
        load_settings(**{setting: value})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().api_port = 1


@pytest.mark.parametrize("text", ["True", "1", "yes", "on"])
def test_use_gpu_true(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_USE_GPU", text)
    assert load_settings().asr_use_gpu is True


@pytest.mark.parametrize(("text", "code"), [("AUTO", "auto"), ("zh-CN", "zh"), ("English", "en")])
def test_a_language_has_several_names(text: str, code: str) -> None:
    assert load_settings(asr_language=text).asr_language == code


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"ASR_LANGUAGE: .*ISO 639-1 code such as en or zh"):
        load_settings(asr_language="cn")


def test_home_expands_and_the_packaged_hotwords_exist() -> None:
    assert load_settings(storage_path="~/x").storage_path == Path.home() / "x"
    assert load_settings().hotwords_path == PACKAGED_HOTWORDS
    assert PACKAGED_HOTWORDS.is_file()


def test_lanes() -> None:
    assert load_settings().queues[:3] == ("asr-queue-high", "asr-queue", "asr-queue-long")


def test_a_child_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings(
        redis_host="h", storage_path="s p", asr_use_gpu=False, api_keys="bob:12345678", log_rotation="1 MB"
    )
    environ = settings.environ()
    monkeypatch.chdir("/")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    paths = {"storage_path": tmp_path / "s p"}
    assert load_settings() == settings.model_copy(update=paths)


@pytest.mark.parametrize(("count", "gpus", "workers"), [(None, 0, 1), (None, 4, 4), (3, 1, 3), (1, 4, 1)])
def test_worker_count(count: int | None, gpus: int, workers: int) -> None:
    assert load_settings(rq_worker_count=count).worker_count(gpus) == workers


@pytest.mark.parametrize(
    "allowed",
    [
        {},
        {"api_host": "::1"},
        {"api_host": "localhost"},
        {"api_host": "0.0.0.0", "api_keys": "bob:12345678"},
        {"api_host": "0.0.0.0", "allow_anonymous": True},
    ],
)
def test_safe_exposures_are_allowed(allowed: dict[str, object]) -> None:
    load_settings(**allowed).check_exposure()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_an_open_api_without_keys_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="ALLOW_ANONYMOUS=true"):
        load_settings(api_host=host).check_exposure()


def test_unknown_settings_suggest_the_right_name() -> None:
    warnings = unknown_settings({"ASR_MODLE": "x", "PATH": "/bin", "API_PORT": "1"}, {"max_recording": "3"})
    assert warnings == [
        "ASR_MODLE is not a setting; did you mean ASR_MODEL?",
        "MAX_RECORDING is not a setting; did you mean MAX_RECORDINGS?",
    ]


@pytest.mark.parametrize("text", ["", "10", "MB", "0 MB", "-1 MB", "1e3 MB", "10 TB", "nan MB"])
def test_invalid_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


@given(st.integers(1, 10**6), st.sampled_from(["B", "kb", "MB", "Gb"]), st.sampled_from(["", " ", "  "]))
def test_sizes(number: int, unit: str, gap: str) -> None:
    exponent = ["B", "KB", "MB", "GB"].index(unit.upper())
    assert parse_size(f"{number}{gap}{unit}") == number * 1024**exponent


def test_durations() -> None:
    assert parse_duration("30 days") == timedelta(days=30)
    assert parse_duration("1 Week") == timedelta(weeks=1)


@given(st.text(max_size=20))
def test_a_duration_is_positive_or_refused(text: str) -> None:
    try:
        assert parse_duration(text) > timedelta()
    except ValueError as error:
        assert "30 days" in str(error)


def test_a_duration_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="30 days"):
        parse_duration("999999999 weeks")


SECRET = "Geheim77"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:Geheim77#x/y@127.0.0.1:6379/0",
        "redis://:Geheim77/y@127.0.0.1:6379/0",
        "redis://:Geheim77?y@127.0.0.1:6379/0",
        "redis://me:7#Geheim77@127.0.0.1:6379/0",
        "redis://me:7/Geheim77@127.0.0.1:6379/0",
        "redis://me:7?Geheim77@127.0.0.1:6379/0",
        "redis://:Geheim77@127.0.0.1:6379/0/1",
        "redis://:Geheim77@127.0.0.1:6379/zero",
        "redis://:Geheim77@127.0.0.1:99999",
        "redis://:Geheim77@[::1/0",
        "redis://:Geheim77@",
        "redis://:Geheim77 @127.0.0.1",
        "redis://:Geheim77\n@127.0.0.1",
        "unix://",
        "Geheim77",
    ],
)
def test_a_redis_url_that_cannot_be_read_is_one_sentence_without_the_password(url: str) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(redis_url=url)
    (problem,) = told.value.problems
    assert problem.startswith("REDIS_URL: ")
    assert SECRET not in problem
    assert told.value.fields == {"redis_url"}


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:p%23s@127.0.0.1:6379/0",
        "rediss://user:p@ss:word@[::1]:7000/2?ssl_cert_reqs=none",
        "unix://:secret@/run/redis.sock?db=3",
        "unix:///run/redis.sock",
    ],
)
def test_a_redis_url_that_can_be_read_is_taken(url: str) -> None:
    assert load_settings(redis_url=url).redis_url == url
    redis.Redis.from_url(url).connection_pool.make_connection()


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({"redis_host": "box:6379"}, "REDIS_HOST"),
        ({"redis_host": "redis://box"}, "REDIS_HOST"),
        ({"redis_host": "Geheim77@box"}, "REDIS_HOST"),
        ({"redis_host": "box", "redis_port": "99999"}, "REDIS_PORT"),
        ({"redis_host": "box", "redis_db": "one"}, "REDIS_DB"),
    ],
)
def test_a_wrong_part_of_the_address_is_reported_by_its_own_name(parts: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(redis_password=SECRET, **parts)
    (problem,) = told.value.problems
    assert problem.startswith(f"{name}: ")
    assert SECRET not in problem


def test_what_is_right_can_be_used_beside_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:Geheim77#x/y@127.0.0.1:6379/0")
    monkeypatch.setenv("API_PORT", "many")
    monkeypatch.setenv("API_KEYS", "me:12345678")
    monkeypatch.setenv("ADMIN_KEYS", "me:abcdefgh")
    monkeypatch.setenv("MAX_RECORDINGS", "7")
    settings, error = load_valid_settings()
    assert settings and error
    assert (settings.redis_url, settings.api_port, settings.max_recordings) == (None, 8000, 7)
    assert error.fields == {"redis_url", "api_port", "api_keys", "admin_keys"}
    assert [problem.split()[0].strip(":") for problem in error.problems] == [
        "REDIS_URL",
        "API_PORT",
        "API_KEYS",
    ]
    assert load_valid_settings(Path("nowhere"))[1] is not None


def test_a_file_of_settings_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"API_PORT=\xff\xfe")
    for read in (load_settings, unknown_settings):
        with pytest.raises(SettingsError, match=r"\.env is no text in UTF-8"):
            read()
