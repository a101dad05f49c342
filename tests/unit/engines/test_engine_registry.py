from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from engine_calls import recognition

from voxq.engines import registry
from voxq.engines.contract import (
    ChunkError,
    Cost,
    EngineError,
    EngineFamily,
    EngineRequest,
    is_out_of_memory,
)
from voxq.engines.languages import LANGUAGES

HEAVY = ("numpy", "ctranslate2", "faster_whisper", "onnxruntime", "torch", "funasr", "av")


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match=r"'whisperx'.*faster-whisper.*noop"):
        registry.find("whisperx")


def test_test_engines_are_out_of_reach_without_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXQ_TEST_ENGINES", raising=False)
    with pytest.raises(EngineError):
        registry.find("faulty_engine:KIND")
    monkeypatch.setenv("VOXQ_TEST_ENGINES", "1")
    assert isinstance(registry.find("faulty_engine:KIND"), EngineFamily)


def test_the_registry_imports_no_numerical_library() -> None:
    """Import the protocol and read every engine's traits in a fresh interpreter."""
    code = f"""
import sys
from voxq.engines import languages, registry
from voxq.engines.contract import EngineRequest
from voxq.processes.model import protocol
for name in registry.names():
    known = {{"funasr": "sensevoice", "sherpa-onnx": "sensevoice-int8", "llm": "light"}}
    model = known.get(name) or next(iter(registry.find(name).models), "noop")
    registry.find(name).traits_for(EngineRequest(name, model))
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_languages_are_those_of_the_library() -> None:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert set(LANGUAGES) == set(_LANGUAGE_CODES)
    assert len(set(LANGUAGES)) == len(LANGUAGES)


def test_models_are_resolved_by_role() -> None:
    kind = registry.find("faster-whisper")
    request = EngineRequest("faster-whisper", "whisper-base")
    assert kind.model_paths(request, lambda name: Path("/models") / name) == {
        "path": Path("/models/whisper-base")
    }
    assert registry.find("noop").model_paths(request, lambda name: pytest.fail("no model is needed")) == {}


@pytest.mark.parametrize("model", ["", "sleep", "sleep-ms", "sleep-1s", "sleep-999999ms", "whisper-base"])
def test_the_noop_engine_refuses_models_it_does_not_have(model: str) -> None:
    with pytest.raises(EngineError, match="sleep-<n>ms"):
        registry.find("noop").traits_for(EngineRequest("noop", model))


def test_a_directory_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model\.bin"):
        registry.find("faster-whisper").load(EngineRequest("faster-whisper", "x"), {"path": tmp_path})


def test_errors_for_clients_contain_no_paths() -> None:
    error = ChunkError.of(RuntimeError("cannot open /srv/voxq/secret"))
    assert error.code == "engine_error"
    assert "secret" not in error.message


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"),
    ],
)
def test_out_of_memory_is_known_in_all_its_forms(error: Exception) -> None:
    assert is_out_of_memory(error)
    assert ChunkError.of(error).code == "out_of_memory"


def test_batch_keys_keep_different_options_apart() -> None:
    traits = registry.find("noop").traits_for(EngineRequest("noop", "noop"))
    options = [
        recognition(),
        recognition("en"),
        recognition("en", words=True),
        recognition("en", ("VoxQ",)),
    ]
    assert len({traits.batch_key(o) for o in options}) == len(options)


def test_cost_is_a_line() -> None:
    assert Cost(0.5, 0.1).predict(10) == pytest.approx(1.5)
