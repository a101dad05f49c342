"""sherpa-onnx with FunASR's small models, exported as its own are: the texts that FunASR gives, and possible
failures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import funasr
import numpy as np
import pytest
from audio import english
from engine_calls import Options, recognition, transcribe
from valkey_lab import RedisServer
from words import MODELS, SAID, clip
from worker_lab import WorkerLab

from _sherpa_models import export
from voxq.core.task import Status
from voxq.engines import registry
from voxq.engines.contract import ChunkError, EngineError, EngineRequest, Recognised, Recogniser
from voxq.engines.recognise.sensevoice_tags import Tagged
from voxq.engines.recognise.sherpa_onnx.engine import SherpaOnnx
from voxq.engines.recognise.sherpa_onnx.loading import provider_for
from voxq.engines.warmup import measure
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.encode import encode
from voxq.testing.engines import check_engine

KIND = registry.find("sherpa-onnx")
NAMES = ("sv-words", "seaco-words", "bicif-words")
PLAIN = recognition(use_itn=False)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the models, once for all tests."""
    root = tmp_path_factory.mktemp("sherpa")
    for name in NAMES:
        export(MODELS / name, root / name)
    return root


def load(directory: Path, device: str = "cpu", provider: str = "auto") -> Recogniser:
    request = EngineRequest("sherpa-onnx", str(directory), device, 1, provider)
    return KIND.load(request, KIND.model_paths(request, Path))


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def engine(models: Path, name: str) -> Recogniser:
    return load(models / name)


@pytest.fixture(scope="module")
def sensevoice(models: Path) -> Recogniser:
    return load(models / "sv-words")


def recognise(engine: Recogniser, samples: Samples, options: Options = PLAIN) -> Recognised:
    (answer,) = transcribe(engine, [(samples, options)])
    assert isinstance(answer, Recognised)
    return answer


def text_of(answer: Recognised | ChunkError) -> str:
    assert isinstance(answer, Recognised)
    return " ".join(segment.text for segment in answer.segments)


@pytest.mark.numerics
def test_the_texts_are_those_of_funasr_with_the_same_weights(engine: Recogniser, name: str) -> None:
    """Also of noisy speech, where a difference in the features would show in a few texts."""
    alone = funasr.AutoModel(
        model=str(MODELS / name), disable_update=True, disable_pbar=True, frontend_conf={"dither": 0.0}
    )
    rng = np.random.default_rng(0)
    sounds = [clip(said) for said in SAID]
    noisy = [
        (sound + rng.normal(0, 0.003 * level, len(sound))).astype(np.float32)
        for level in (1, 2, 3)
        for sound in sounds
    ]

    def by_itself(samples: Samples) -> str:
        results = alone.generate(input=[samples], batch_size=1)
        return Tagged.of(results[0]["text"]).text

    assert [text_of(recognise(engine, samples)) for samples in sounds] == list(SAID)
    ours = [text_of(recognise(engine, samples)) for samples in noisy]
    assert ours == [by_itself(samples) for samples in noisy]


def test_it_conforms(models: Path, name: str) -> None:
    directory = str(models / name)
    paths = KIND.model_paths(EngineRequest("sherpa-onnx", directory), Path)
    check_engine(KIND, directory, paths=paths, clips=[english("go left right stop")])


@pytest.mark.numerics
def test_a_batch_has_the_texts_of_its_items(sensevoice: Recogniser) -> None:
    """As on a GPU: clips of other lengths, with other options, and one that is no sound."""
    assert isinstance(sensevoice, SherpaOnnx)
    request = EngineRequest("sherpa-onnx", "sensevoice-int8", "cuda:0")
    batching = SherpaOnnx(sensevoice._dialect, KIND.traits_for(request), "1")
    odd = np.full(SAMPLE_RATE, np.nan, np.float32)
    asked = [recognition(use_itn=False, words=number % 2 == 0) for number in range(len(SAID))]
    items = [(clip(said), options) for said, options in zip(SAID, asked, strict=True)]
    answers = transcribe(batching, [*items, (odd, PLAIN), *reversed(items)])
    assert [text_of(answer) for answer in answers] == [*SAID, "", *reversed(SAID)]


def test_chunks_of_one_call_are_recognised_one_by_one_on_a_cpu(engine: Recogniser) -> None:
    answers = transcribe(engine, [(clip(said), PLAIN) for said in SAID])
    assert [text_of(answer) for answer in answers] == list(SAID)


@pytest.mark.numerics
def test_words_have_times(engine: Recogniser) -> None:
    samples = clip(SAID[2])
    (segment,) = recognise(engine, samples, recognition(words=True, use_itn=False)).segments
    assert [word.text for word in segment.words] == SAID[2].split()
    share = len(samples) / SAMPLE_RATE / len(segment.words)
    for number, word in enumerate(segment.words):
        assert number * share - 0.5 <= word.start < word.end <= (number + 1) * share + 0.5
    assert not recognise(engine, samples).segments[0].words


@pytest.mark.parametrize("milliseconds", [0, 1, 99, 100, 101])
def test_very_short_audio_gives_no_text(engine: Recogniser, milliseconds: int) -> None:
    samples = clip(SAID[0])[8000 : 8000 + milliseconds * SAMPLE_RATE // 1000]
    result = recognise(engine, samples, recognition(words=True))
    assert milliseconds >= 100 or result == Recognised((), None)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_silence_and_invalid_samples_harm_nothing(engine: Recogniser, value: float) -> None:
    broken = clip(SAID[0]).copy()
    broken[::1000] = value
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    answers = transcribe(engine, [(silence, PLAIN), (broken, PLAIN), (clip(SAID[1]), PLAIN)])
    assert answers[0] == Recognised((), None)
    assert isinstance(answers[1], Recognised)
    assert text_of(answers[2]) == SAID[1]


def test_sensevoice_reports_languages_and_emotions(sensevoice: Recogniser) -> None:
    result = recognise(sensevoice, clip(SAID[0]))
    (segment,) = result.segments
    assert (result.language, segment.language, segment.emotion, segment.events) == ("en", "en", "neutral", ())


def test_a_language_can_be_named(sensevoice: Recogniser) -> None:
    """Each request has its own; one that the model does not know is refused before it is asked."""
    languages = (None, "en", "tlh", None, "en")
    answers = transcribe(
        sensevoice, [(clip(SAID[2]), recognition(each, use_itn=False)) for each in languages]
    )
    refused = answers[2]
    assert isinstance(refused, ChunkError) and refused.code == "bad_language"
    for answer in (*answers[:2], *answers[3:]):
        assert isinstance(answer, Recognised)
        assert (text_of(answer), answer.language) == (SAID[2], "en")


def test_the_language_and_digits_reach_the_model(sensevoice: Recogniser, models: Path) -> None:
    """The text is that of the model loaded with these settings, even where it leaves out a tag, since it was
    not trained for what is asked, and sherpa-onnx takes a word for the fourth."""
    import sherpa_onnx

    def asked(language: str, use_itn: bool) -> str:
        model, tokens = (str(models / "sv-words" / name) for name in ("model.onnx", "tokens.txt"))
        alone = sherpa_onnx.OfflineRecognizer.from_sense_voice(
            model, tokens, language=language, use_itn=use_itn
        )
        stream = alone.create_stream()
        stream.accept_waveform(SAMPLE_RATE, clip(SAID[2]).tolist())
        alone.decode_stream(stream)
        result = stream.result
        return Tagged.of(f"{result.lang}{result.emotion}{result.event} {result.text}").text

    texts = []
    for language, use_itn in ((None, True), ("zh", False), ("en", True), ("zh", True)):
        options = recognition(language, use_itn=use_itn)
        texts.append(text_of(recognise(sensevoice, clip(SAID[2]), options)))
        assert texts[-1] == asked(language or "auto", use_itn)
    assert len(set(texts)) == 2


def test_languages_need_no_second_copy_of_the_model(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are loaded once; what makes the streams is loaded from a file of a few kilobytes."""
    import sherpa_onnx

    loaded: list[int] = []
    make = sherpa_onnx.OfflineRecognizer.from_sense_voice

    def noted(model: str, **arguments: Any) -> Any:
        loaded.append(Path(model).stat().st_size)
        return make(model=model, **arguments)

    monkeypatch.setattr(sherpa_onnx.OfflineRecognizer, "from_sense_voice", noted)
    engine = load(models / "sv-words")
    for language in (None, "en", "zh", None):
        recognise(engine, clip(SAID[0]), recognition(language, use_itn=False))
    whole = (models / "sv-words" / "model.onnx").stat().st_size
    assert loaded[0] == whole
    assert [size < whole / 20 for size in loaded[1:]] == [True]


def test_a_model_that_fails_is_no_silence(
    models: Path, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """sherpa-onnx writes down an error of ONNX Runtime, here of features that are too short for the model,
    and returns an empty result. What it has written is not lost."""
    shutil.copytree(models / name, tmp_path / "model")
    whole = (models / name / "model.onnx").read_bytes()
    wrong = whole.replace(b"lfr_window_size\x12\x017", b"lfr_window_size\x12\x016")
    assert wrong != whole
    (tmp_path / "model" / "model.onnx").write_bytes(wrong)
    for answer in transcribe(load(tmp_path / "model"), [(clip(said), PLAIN) for said in SAID[:2]]):
        assert isinstance(answer, ChunkError)
        assert answer.code == "engine_error"
    assert "Caught exception" in capfd.readouterr().err


def test_the_warm_up_measures_a_cost(engine: Recogniser) -> None:
    assert 0 < min(measure(engine).predict(10) for _ in range(3)) < 5


# Failures at loading.


@pytest.fixture
def model(models: Path, tmp_path: Path) -> Path:
    """Return a copy of SenseVoice to be damaged."""
    return shutil.copytree(models / "sv-words", tmp_path / "model")


@pytest.mark.parametrize("name", ["model.onnx", "tokens.txt"])
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(EngineError, match=r"tokens\.txt"):
        load(model)


def test_a_damaged_model_is_an_error(model: Path) -> None:
    """The file was left by an interrupted download, or is an error page of a server."""
    whole = (model / "model.onnx").read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-5], b"<html>404</html>", b"", b"\x0a"):
        (model / "model.onnx").write_bytes(damaged)
        with pytest.raises(EngineError, match=r"model\.onnx"):
            load(model)
    (model / "model.onnx").write_bytes(whole.replace(b"Concat", b"Cxncat"))
    with pytest.raises(EngineError, match="cannot load"):
        load(model)


def test_a_model_without_metadata_is_an_error(model: Path, models: Path) -> None:
    """It was exported by FunASR itself: sherpa-onnx would end the process."""
    whole = (model / "model.onnx").read_bytes()
    (model / "model.onnx").write_bytes(whole.replace(b"lang_yue", b"xang_yue"))
    with pytest.raises(EngineError, match=r"not exported for sherpa-onnx, without lang_yue"):
        load(model)
    (model / "model.onnx").write_bytes(whole.replace(b"sense_voice_ctc", b"conformer_ctc__"))
    with pytest.raises(
        EngineError, match=r"model_type 'conformer_ctc__', which is not supported.*SenseVoice"
    ):
        load(model)


@pytest.mark.parametrize("tokens", ["", "a\n", "a b\n", "<unk> 0\n<s> 1\n", "\x00"])
def test_tokens_of_another_model_are_an_error(model: Path, tokens: str) -> None:
    (model / "tokens.txt").write_text(tokens)
    with pytest.raises(EngineError, match=r"tokens\.txt"):
        load(model)


@pytest.mark.parametrize(
    ("device", "provider", "message"),
    [
        ("cuda:0", "auto", "build of sherpa-onnx is for CPUs"),
        ("cuda:0", "cuda", "ONNX_PROVIDER=cpu"),
        ("cpu", "cuda", "ASR_USE_GPU=true"),
        ("cuda:0", "tensorrt", "cpu and cuda, not with tensorrt"),
        ("cpu", "coreml", "not with coreml"),
    ],
)
def test_a_provider_that_is_not_there_is_an_error_not_the_cpu(
    models: Path, device: str, provider: str, message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        load(models / "sv-words", device, provider)
    assert provider_for(EngineRequest("sherpa-onnx", "any", "cuda:0", provider="cpu")) == "cpu"


# With a worker.


@pytest.fixture(scope="module")
def lab(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    root = tmp_path_factory.mktemp("lab")
    server = RedisServer(root / "redis")
    lab = WorkerLab(
        root,
        server.url,
        asr_engine="sherpa-onnx",
        asr_model=str(models / "sv-words"),
        asr_models=f"words=sherpa-onnx:{models / 'seaco-words'}",
    )
    yield lab
    lab.close()
    server.kill()


def test_a_worker_recognises_with_both_models(lab: WorkerLab, tmp_path: Path) -> None:
    lab.worker()
    tasks = []
    for number, said in enumerate(SAID[:4]):
        note = tmp_path / f"{number}.wav"
        note.write_bytes(encode(clip(said), SAMPLE_RATE, "wav"))
        tasks.append(
            lab.submit(note, use_itn=False, **({"model": "words", "words": True} if number % 2 else {}))
        )
    outcomes = lab.wait_for_ends(tasks, 120)
    assert [outcome.text for outcome in outcomes] == list(SAID[:4])
    assert {(o.status, o.language, o.incidents) for o in outcomes} == {(Status.DONE, "en", ())}
    assert [word for segment in outcomes[1].segments for word, _, _ in segment["w"]] == SAID[1].split()
