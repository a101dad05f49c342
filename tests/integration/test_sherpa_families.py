"""Other models of sherpa-onnx: transducers with hotwords, whole and in steps, Moonshine and Whisper with
random weights, and the punctuation of FunASR's small model."""

from __future__ import annotations

import shutil
from pathlib import Path

import funasr
import numpy as np
import pytest
from audio import english
from engine_calls import Options, recognition, transcribe
from words import MODELS, SAID, VOCABULARY, clip

from _sherpa_models import export, export_punctuation
from _sherpa_random import export_moonshine, export_transducer, export_whisper
from voxq.engines import registry
from voxq.engines.contract import ChunkError, EngineError, EngineRequest, Recognised, Recogniser
from voxq.engines.recognise.sherpa_onnx.punctuation import Punctuation
from voxq.model_store.model import Hubs
from voxq.model_store.published import find
from voxq.processes.model.answers import checked_text
from voxq.settings import load_settings
from voxq.speech.audio import SAMPLE_RATE
from voxq.testing.engines import check_engine
from voxq.worker.plan import WorkPlan

KIND = registry.find("sherpa-onnx")
TOKENS = ["<blk>", "<unk>", *"一二三四五六七八九十", *(f"▁{word}" for word in ("STOP", "LEFT", "RED"))]
LETTERS = [*TOKENS, "▁", *"STOPLEFRD"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the models, once for all tests."""
    root = tmp_path_factory.mktemp("sherpa")
    export_transducer(root / "zipformer", TOKENS)
    export_transducer(root / "streaming", TOKENS, streaming=True)
    export_moonshine(root / "moonshine", ["<unk>", "<s>", "</s>", *(f"▁{word}" for word in VOCABULARY)])
    export_whisper(root / "whisper")
    export_whisper(root / "whisper-en", languages=("en",))
    export_punctuation(MODELS / "ct-punc", root / "ct-punc-int8")
    return root


def load(directory: Path) -> Recogniser:
    request = EngineRequest("sherpa-onnx", str(directory), threads=1)
    return KIND.load(request, KIND.model_paths(request, Path))


def heard(engine: Recogniser, number: int, options: Options) -> Recognised:
    (answer,) = transcribe(engine, [(clip(SAID[number]), options)])
    assert isinstance(answer, Recognised)
    return answer


@pytest.mark.parametrize("name", ["zipformer", "streaming", "moonshine", "whisper", "whisper-en"])
def test_it_conforms(root: Path, name: str) -> None:
    directory = str(root / name)
    paths = KIND.model_paths(EngineRequest("sherpa-onnx", directory), Path)
    check_engine(KIND, directory, paths=paths, clips=[english("go left right stop")])


@pytest.mark.parametrize("name", ["zipformer", "streaming"])
def test_a_transducer_gives_words_with_times(root: Path, name: str) -> None:
    """With random weights: what it says does not matter, but it is said again."""
    engine, options = load(root / name), recognition(words=True)
    results = [heard(engine, number, options) for number in (0, 1, 2, 0, 1, 2)]
    assert results[:3] == results[3:]
    assert any(result.segments for result in results)
    for number, result in enumerate(results[:3]):
        assert checked_text(result, len(clip(SAID[number])) / SAMPLE_RATE) == result
        assert all(segment.words for segment in result.segments)


@pytest.mark.parametrize("name", ["zipformer", "streaming"])
def test_hotwords_change_what_a_transducer_hears(root: Path, name: str) -> None:
    """Each chunk has its own; those that the model cannot spell change nothing."""
    engine = load(root / name)
    plain = heard(engine, 0, recognition())

    def favouring(*hotwords: str) -> Recognised:
        return heard(engine, 0, recognition(hotwords=hotwords))

    changed = [
        favouring(first + second) for first in "一二三四五六七八九十" for second in "一二三四五六七八九十"
    ]
    assert any(result != plain for result in changed)
    hostile = (
        "龘",
        "一龘",
        "/etc/passwd",
        "一 :1e30",
        "一:9",
        "#1",
        "@x",
        "",
        "\0",
        "二" * 500,
        "RED",
        "http://x",
    )
    assert favouring(*hostile) == plain
    assert heard(engine, 0, recognition()) == plain


def test_latin_hotwords_need_the_word_parts_of_the_model(tmp_path: Path) -> None:
    export_transducer(tmp_path / "model", LETTERS)
    (tmp_path / "model" / "bpe.vocab").write_text(
        "".join(f"{token}\t{-number}\n" for number, token in enumerate(LETTERS)), "utf-8"
    )
    engine = load(tmp_path / "model")
    plain = heard(engine, 0, recognition())
    words = ("stop", "left", "red")
    changed = [(f"{first} {second}",) for first in words for second in words]
    assert any(heard(engine, 0, recognition(hotwords=each)) != plain for each in changed)
    for unknown in ("xyz", "stop!", "LEFT:9 RED", "leftx red"):
        assert heard(engine, 0, recognition(hotwords=(unknown,))) == plain, unknown


def test_moonshine_and_whisper_say_the_same_again(root: Path) -> None:
    for name in ("moonshine", "whisper", "whisper-en"):
        engine = load(root / name)
        results = [heard(engine, number, recognition()) for number in (0, 1, 0, 1)]
        assert results[:2] == results[2:], name
        assert any(result.segments for result in results), name


def test_whisper_takes_the_language_of_each_chunk(root: Path) -> None:
    engine = load(root / "whisper")
    languages = ("de", None, "zh", "tlh", "de")
    answers = transcribe(engine, [(clip(SAID[0]), recognition(each)) for each in languages])
    found = [answer.language for answer in answers if isinstance(answer, Recognised)]
    assert (found[0], found[2], found[3]) == ("de", "zh", "de")
    assert found[1] in ("en", "zh", "de")
    refused = answers[3]
    assert isinstance(refused, ChunkError) and refused.code == "bad_language"
    english_only = load(root / "whisper-en")
    (refused,) = transcribe(english_only, [(clip(SAID[0]), recognition("de"))])
    assert isinstance(refused, ChunkError) and refused.code == "bad_language"
    assert heard(english_only, 0, recognition("en")).language == "en"


def test_chunks_of_whisper_are_shorter_than_its_window() -> None:
    """sherpa-onnx drops what is longer than 29.5 s."""
    whisper = EngineRequest("sherpa-onnx", "owner/sherpa-onnx-whisper-small")
    assert KIND.traits_for(whisper).chunking.maximum < 29.5
    assert KIND.traits_for(whisper).translates


# Punctuation.


@pytest.mark.numerics
def test_the_marks_are_those_of_funasr(root: Path) -> None:
    """Of texts of one word up to several sentences; no word is lost."""
    alone = funasr.AutoModel(model=str(MODELS / "ct-punc"), disable_update=True, disable_pbar=True)
    ours = Punctuation.load(root / "ct-punc-int8", 1)
    names = alone.model.punc_list
    rng = np.random.default_rng(0)
    for length in (1, 2, 3, 19, 20, 21, 39, 40, 41, 100, 230):
        units = [str(word) for word in rng.choice([*VOCABULARY, "你", "好"], length)]
        (result,) = alone.generate(input=[" ".join(units)])
        marks = [names[int(index)] for index in result["punc_array"]]
        shown = ours.add(units)
        assert len(shown) == len(marks) == length
        for unit, written, mark in zip(units, shown, marks, strict=True):
            assert written.lower().startswith(unit)
            assert bool(written[len(unit) :]) == (mark not in ("_", "<unk>")), (length, written, mark)


def test_a_paraformer_is_punctuated_if_asked(root: Path) -> None:
    export(MODELS / "seaco-words", root / "seaco-words")
    engine = load(root / "seaco-words")
    shown, plain = (
        heard(engine, 2, recognition(words=True, use_punc=use_punc)) for use_punc in (True, False)
    )
    spoken = " ".join(segment.text for segment in plain.segments)
    assert spoken == SAID[2]
    assert " ".join(segment.raw_text or segment.text for segment in shown.segments) == spoken
    text = " ".join(segment.text for segment in shown.segments)
    assert text != spoken
    assert text[-1] in ".?"
    assert [word.start for segment in shown.segments for word in segment.words] == [
        word.start for segment in plain.segments for word in segment.words
    ]


def test_a_model_that_punctuates_nothing_is_an_error(tmp_path: Path, root: Path) -> None:
    with pytest.raises(EngineError, match="holds no punctuation model"):
        Punctuation.load(tmp_path, 1)
    (tmp_path / "model.onnx").write_bytes(b"<html>")
    with pytest.raises(EngineError, match="cannot load"):
        Punctuation.load(tmp_path, 1)
    (tmp_path / "model.onnx").write_bytes((root / "zipformer" / "encoder.int8.onnx").read_bytes())
    with pytest.raises(EngineError, match="without tokens, punctuations"):
        Punctuation.load(tmp_path, 1)


def test_one_setting_is_enough(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASR_MODEL=paraformer-zh-int8 finds what ModelScope's tools have downloaded, and its punctuation."""
    cache = tmp_path / "modelscope"
    for variable, place in (("VOXQ_MODELS", "voxq"), ("MODELSCOPE_CACHE", "modelscope"), ("HF_HOME", "hf")):
        monkeypatch.setenv(variable, str(tmp_path / place))
    for name, directory in (("paraformer-zh-int8", "bicif-words"), ("ct-punc-int8", "ct-punc-int8")):
        if not (root / directory).exists():
            export(MODELS / directory, root / directory)
        source = find(name).source
        assert isinstance(source, Hubs)
        place = cache / "models" / source.repositories["modelscope"]
        shutil.copytree(root / directory, place)
        (place / "model.onnx").rename(place / "model.int8.onnx")
    settings = load_settings(
        tmp_path / "no.env", asr_model="paraformer-zh-int8", asr_model_path=tmp_path / "nowhere"
    )
    plan = WorkPlan.of(settings, "cpu").default
    assert (plan.name, plan.request.engine) == ("paraformer-zh-int8", "sherpa-onnx")
    assert set(plan.paths) == {"path", "punc"}
    engine = registry.find(plan.request.engine).load(plan.request, plan.paths)
    (result,) = transcribe(engine, [(clip(SAID[0]), recognition())])
    assert isinstance(result, Recognised)
    assert " ".join(segment.raw_text or segment.text for segment in result.segments) == SAID[0]
    assert result.segments[-1].text[-1] in ".?"
