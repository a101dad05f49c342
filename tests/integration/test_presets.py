"""ASR_MODEL=sensevoice or paraformer-zh without other settings: the small models of tests/data are laid out
like the published ones from ModelScope's tools, with their file names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from engine_calls import recognition, transcribe
from words import MODELS, clip

from voxq.engines import registry
from voxq.engines.contract import Recognised
from voxq.model_store.model import Hubs
from voxq.model_store.published import find
from voxq.settings import load_settings
from voxq.worker.plan import WorkPlan

SAID = "red green seven two"
TOKENIZERS = {
    "sensevoice": {"bpemodel": "chn_jpn_yue_eng_ko_spectok.bpe.model"},
    "paraformer-zh": {"token_list": "tokens.json", "seg_dict_file": "seg_dict"},
    "ct-punc": {"token_list": "tokens.json", "jieba_usr_dict": "jieba_usr_dict"},
}


def publish(name: str, model: Path, root: Path) -> None:
    """Make a directory as ModelScope's tools do for the catalogue's model."""
    source = find(name).source
    assert isinstance(source, Hubs)
    place = root / "models" / source.repositories["modelscope"]
    shutil.copytree(model, place)
    if (place / "bpe.model").exists():
        (place / "bpe.model").rename(place / TOKENIZERS[name]["bpemodel"])
    if "seg_dict" in source.required:
        (place / "seg_dict").touch()
    files = {"init_param": "model.pt", "config": "config.yaml", "tokenizer_conf": TOKENIZERS[name]}
    metas = {**files, "frontend_conf": {"cmvn_file": "am.mvn"}}
    (place / "configuration.json").write_text(json.dumps({"file_path_metas": metas}))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOXQ_MODELS", str(tmp_path / "voxq"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "modelscope"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    publish("sensevoice", MODELS / "sv-words", tmp_path / "modelscope")
    publish("paraformer-zh", MODELS / "seaco-words", tmp_path / "modelscope")
    publish("ct-punc", MODELS / "ct-punc", tmp_path / "modelscope")
    return tmp_path


@pytest.mark.parametrize(("name", "roles"), [("sensevoice", {"path"}), ("paraformer-zh", {"path", "punc"})])
def test_one_setting_is_enough(cache: Path, name: str, roles: set[str]) -> None:
    settings = load_settings(cache / "no.env", asr_model=name, asr_model_path=cache / "nowhere")
    plan = WorkPlan.of(settings, "cpu").default
    assert plan.name == name
    assert plan.request.engine == "funasr"
    assert set(plan.paths) == roles
    assert plan.traits.chunking.maximum <= 30
    assert plan.traits.max_items > 1
    engine = registry.find(plan.request.engine).load(plan.request, plan.paths)
    (result,) = transcribe(engine, [(clip(SAID), recognition())])
    assert isinstance(result, Recognised)
    heard = " ".join(segment.raw_text or segment.text for segment in result.segments)
    assert heard == SAID


def test_a_repository_outside_the_catalogue_can_be_used(cache: Path) -> None:
    shutil.copytree(MODELS / "bicif-words", cache / "mine/someone/our-paraformer")
    settings = load_settings(
        cache / "no.env",
        asr_engine="funasr",
        asr_model="someone/our-paraformer",
        asr_model_path=cache / "mine",
    )
    plan = WorkPlan.of(settings, "cpu").default
    assert plan.name == "our-paraformer"
    assert plan.paths["path"] == cache / "mine/someone/our-paraformer"
    engine = registry.find(plan.request.engine).load(plan.request, plan.paths)
    (result,) = transcribe(engine, [(clip(SAID), recognition())])
    assert isinstance(result, Recognised)
    assert " ".join(segment.raw_text or segment.text for segment in result.segments) == SAID
