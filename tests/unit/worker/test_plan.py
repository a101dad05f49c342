"""Choice of a task's model, and its effect on the options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from runs import task_run_of
from task_lab import make_task

from voxq.engines import registry
from voxq.engines.contract import Capability, EngineError, EngineRequest
from voxq.kinds.transcription import TRANSCRIPTION, TranscriptionOptions, TranscriptionRun
from voxq.kinds.work import ModelUnavailable
from voxq.model_catalogue import listings_of
from voxq.model_store.store import ModelStore
from voxq.processes.media.protocol import Prepare
from voxq.settings import Settings
from voxq.speech.chunking import Chunking
from voxq.storage.tuning import Tunings
from voxq.worker.plan import WorkPlan, automatic_slots


def plan(root: Path, **settings: object) -> WorkPlan:
    given = {"storage_path": root, "asr_model_path": root, "asr_engine": "noop", "asr_model": "noop"}
    return WorkPlan.of(Settings(**given | settings), "cpu")


def test_a_task_without_a_model_gets_the_default(tmp_path: Path) -> None:
    models = plan(tmp_path, asr_models="slow=noop:sleep-50ms")
    assert models.model("recognise", None) is models.default
    assert models.model("recognise", "noop") is models.default
    assert models.model("recognise", "slow").request.model == "sleep-50ms"
    assert models.model("recognise", "slow") is models.model("recognise", "slow"), "resolved once"
    assert models.names("recognise")[:1] == ("noop",)
    assert "slow" in models.names("recognise")


@pytest.mark.parametrize(
    "name", ["nothing", "", "../../etc/passwd", "/etc", "https://example.org/model", "a\nb", "owner/name"]
)
def test_models_that_are_not_offered_are_not_searched(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnavailable, match="noop"):
        plan(tmp_path).model("recognise", name)


def test_errors_of_a_broken_model_contain_no_path(tmp_path: Path) -> None:
    models = plan(tmp_path, asr_models=f"mine=faster-whisper:{tmp_path}/missing,odd=noop:nothing")
    for name in ("mine", "odd"):
        with pytest.raises(ModelUnavailable) as caught:
            models.model("recognise", name)
        assert str(tmp_path) not in str(caught.value)
        assert name in str(caught.value)


def test_a_service_without_its_default_model_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        plan(tmp_path, asr_model="nothing")


def test_a_forgotten_model_is_searched_again(tmp_path: Path) -> None:
    directory = tmp_path / "model"
    directory.mkdir()
    models = plan(tmp_path, asr_models=f"mine=faster-whisper:{directory}")
    first = models.model("recognise", "mine")
    (directory / "model.bin").write_bytes(bytes(3 << 20))
    assert models.model("recognise", "mine").size_mb == first.size_mb == 0
    models.forget("mine")
    assert models.model("recognise", "mine").size_mb == 3
    models.forget("noop")
    assert models.model("recognise", None) is models.default


def test_chunks_have_the_length_of_the_tasks_own_model(tmp_path: Path) -> None:
    models = plan(tmp_path, asr_batch_size=20)

    def chunking(**options: Any) -> Chunking:
        task = make_task(options=TranscriptionOptions(**options))
        request = task_run_of(task, tmp_path, models.default, models.defaults).policy.request
        assert isinstance(request, Prepare)
        return request.chunking

    assert chunking().maximum == 20
    assert (chunking(batch_size=1).maximum, chunking(batch_size=1).target) == (2, 2)


@pytest.mark.parametrize(
    ("largest", "models", "slots"),
    [(1, 1, 4), (2, 1, 4), (8, 1, 16), (16, 3, 32), (64, 1, 32), (1, 2, 8), (1, 5, 20), (1, 100, 32)],
)
def test_the_number_of_slots_follows_from_batches_and_models(largest: int, models: int, slots: int) -> None:
    assert automatic_slots(largest, models) == slots


def test_the_largest_batch_of_all_models_counts(tmp_path: Path) -> None:
    (tmp_path / "whisper").mkdir()
    models = plan(
        tmp_path,
        asr_engine="faster-whisper",
        asr_model=str(tmp_path / "whisper"),
        asr_models="fast=noop:noop,broken=noop:nothing",
    )
    fast = models.model("recognise", "fast").traits.max_items
    assert models.largest_batch() == fast > models.default.traits.max_items > 1


@pytest.mark.parametrize(
    ("batch", "models", "elsewhere", "slots"), [(1, 1, 4, 8), (1, 1, 0, 4), (16, 1, 4, 32), (1, 1, 300, 32)]
)
def test_texts_that_wait_for_a_provider_take_no_slot_of_another(
    batch: int, models: int, elsewhere: int, slots: int
) -> None:
    assert automatic_slots(batch, models, elsewhere) == slots


@pytest.mark.parametrize(
    ("threads", "replicas", "at_once"), [(1, 0, 1), (2, 0, 2), (16, 0, 4), (16, 8, 8), (2, 8, 2), (8, 1, 1)]
)
def test_replicas_of_whisper_share_the_threads(
    tmp_path: Path, threads: int, replicas: int, at_once: int
) -> None:
    (tmp_path / "whisper").mkdir()
    settings = {"asr_engine": "faster-whisper", "asr_model": str(tmp_path / "whisper")}
    models = plan(tmp_path, **settings, asr_threads=threads, asr_replicas=replicas)
    assert models.default.traits.at_once == at_once
    assert models.default.request.replicas == replicas


def test_a_parallel_voice_gets_several_sentences(tmp_path: Path) -> None:
    traits = plan(tmp_path, asr_threads=3).model("speak", "hibari").traits
    assert traits.max_items == 3 and traits.is_parallel
    assert plan(tmp_path, asr_threads=64).model("speak", "hibari").traits.max_items == 4


def test_the_provider_of_onnx_models_reaches_the_engine(tmp_path: Path) -> None:
    assert plan(tmp_path).default.request.provider == "auto"
    assert plan(tmp_path, onnx_provider="tensorrt").default.request.provider == "tensorrt"
    with pytest.raises(ValidationError, match="onnx_provider"):
        plan(tmp_path, onnx_provider="gpu")


def test_each_provider_is_a_device_of_its_own(tmp_path: Path) -> None:
    settings = Settings(
        asr_model_path=tmp_path,
        llm_providers="local=http://127.0.0.1:11434/v1|qwen3:8b,other=http://127.0.0.1:8080/v1|m",
        llm_calls="3",
    )
    defaults = plan(tmp_path).defaults
    models = WorkPlan(
        listings_of(settings),
        ModelStore(search=[tmp_path]),
        Tunings(tmp_path),
        devices={Capability.REWRITE: "cuda:0"},
        threads=1,
        provider="auto",
        replicas=0,
        defaults=defaults,
    )
    assert models.names("rewrite") == ("local", "other", "light")
    requests = [models.model("rewrite", name).request for name in models.names("rewrite")]
    assert [request.device for request in requests] == ["net:local", "net:other", "net:light"]
    assert {request.device_class for request in requests} == {"net"}
    assert requests[0].config["model"] == "qwen3:8b"
    assert (models.default.traits.max_items, models.default.traits.calls) == (1, 3)
    assert (models.largest_batch(), models.calls_elsewhere()) == (16, 0), "light takes 16"


def test_a_worker_that_only_speaks_needs_no_recogniser(tmp_path: Path) -> None:
    models = plan(tmp_path, asr_model="nothing", worker_capabilities="speak", tts_device="cuda:1")
    assert models.default.name == "hibari"
    assert models.default.request.device == "cpu", "hibari knows no other"
    assert models.names("recognise") == ()
    assert list(models.models()) == ["tts"]
    with pytest.raises(ModelUnavailable, match="can recognise"):
        models.model("recognise", None)


def test_a_worker_that_only_recognises_speaks_nothing(tmp_path: Path) -> None:
    models = plan(tmp_path, worker_capabilities="recognise")
    assert models.names("speak") == ()
    assert list(models.models()) == ["asr"]
    with pytest.raises(ModelUnavailable, match="can speak"):
        models.model("speak", "hibari")


def test_a_family_has_several_models_each_on_the_device_that_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXQ_TEST_ENGINES", "1")
    monkeypatch.setenv("VOXQ_TEST_SYNTHESISER", "choir:FAMILY")
    models = plan(tmp_path, tts_device="cuda:1")
    assert set(models.names("speak")) >= {"hibari", "soprano", "bass"}
    low, high = models.model("speak", "bass"), models.model("speak", "soprano")
    assert [voice.name for voice in low.voices] == ["ivan"]
    assert [voice.name for voice in high.voices] == ["anna"]
    assert (low.request.engine, low.request.model, low.request.device) == ("choir:FAMILY", "bass", "cuda:1")
    assert models.default.request.device == "cpu", "the recogniser's own"


def test_a_translation_is_refused_by_a_model_that_cannot_translate(tmp_path: Path) -> None:
    models = plan(tmp_path)
    model = models.model("recognise", None)
    assert model is models.default
    TRANSCRIPTION.check_model("recognise", TranscriptionOptions(), model)
    with pytest.raises(ModelUnavailable, match="noop cannot translate"):
        TRANSCRIPTION.check_model("recognise", TranscriptionOptions(translate=True), model)


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("whisper-base", True),
        ("whisper-large-v3", True),
        ("whisper-large-v3-turbo", False),
        ("/m/small.en", False),
    ],
)
def test_which_whisper_models_translate(model: str, can: bool) -> None:
    traits = registry.find("faster-whisper").traits_for(EngineRequest("faster-whisper", model))
    assert traits.translates is can


@pytest.mark.parametrize("setting", ["simplified", "traditional", "unchanged"])
@pytest.mark.parametrize(
    ("asked", "script"),
    [("simplified", "simplified"), ("traditional", "traditional"), ("unchanged", None)],
)
def test_the_script_that_was_asked_for_comes_first(
    tmp_path: Path, setting: str, asked: str, script: str | None
) -> None:
    task = make_task(options=TranscriptionOptions(chinese_script=asked))
    defaults = plan(tmp_path, asr_chinese_script=setting).defaults
    policy = task_run_of(task, tmp_path, defaults=defaults).policy
    assert isinstance(policy, TranscriptionRun)
    assert policy.recognition.options["script"] == script
    (condition,) = policy.conditions("recognise", "r1")
    plain = task_run_of(make_task(), tmp_path, defaults=defaults).policy
    assert condition not in plain.conditions("recognise", "r1"), "its chunks are not those of another script"


@pytest.mark.parametrize(
    ("setting", "script"),
    [("simplified", "simplified"), ("traditional", "traditional"), ("unchanged", None)],
)
def test_the_script_of_mandarin_is_the_operators(tmp_path: Path, setting: str, script: str | None) -> None:
    defaults = plan(tmp_path, asr_chinese_script=setting).defaults
    policy = task_run_of(make_task(), tmp_path, defaults=defaults).policy
    assert isinstance(policy, TranscriptionRun)
    assert policy.recognition.options["script"] == script
