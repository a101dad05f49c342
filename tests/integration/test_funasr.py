"""FunASR's real classes with small real weights: texts of a small vocabulary, and possible failures."""

from __future__ import annotations

import gc
import random
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import funasr
import jiwer
import numpy as np
import psutil
import pytest
import torch
from audio import NOTE, english
from engine_calls import Options, recognition, transcribe
from whisper_weights import to_funasr
from words import MODELS, SAID, VOCABULARY, clip

from _error_rate import word_error_rate
from voxq.engines import registry
from voxq.engines.contract import ChunkError, EngineError, EngineRequest, Recognised, Recogniser
from voxq.engines.recognise.funasr.model_class import class_of
from voxq.engines.warmup import measure
from voxq.model_store.store import ModelStore
from voxq.processes.media.cutting import cutting_for
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.transcript import Transcript

RECOGNISERS = ("sv-words", "bicif-words", "seaco-words")
PLAIN = recognition(use_punc=False, use_itn=False)

HOP = 0.02
"""Resolution of a BiCIF predictor's times in seconds: a third of the encoder's 60 ms."""

_loaded: dict[str, Recogniser] = {}


def load(directory: Path, device: str = "cpu") -> Recogniser:
    kind = registry.find("funasr")
    request = EngineRequest("funasr", str(directory), device, threads=1)
    return kind.load(request, kind.model_paths(request, Path))


@pytest.fixture
def engine_of() -> Callable[[str], Recogniser]:
    """Load a model once for all tests."""
    return lambda name: (
        _loaded.setdefault(name, load(MODELS / name)) if name not in _loaded else _loaded[name]
    )


@pytest.fixture(params=RECOGNISERS)
def engine(request: pytest.FixtureRequest, engine_of: Callable[[str], Recogniser]) -> Recogniser:
    return engine_of(request.param)


@pytest.fixture
def sensevoice(engine_of: Callable[[str], Recogniser]) -> Recogniser:
    return engine_of("sv-words")


@pytest.fixture
def seaco(engine_of: Callable[[str], Recogniser]) -> Recogniser:
    return engine_of("seaco-words")


def recognise(engine: Recogniser, samples: Samples, options: Options = PLAIN) -> Recognised:
    (answer,) = transcribe(engine, [(samples, options)])
    assert isinstance(answer, Recognised)
    _check_times(answer, len(samples) / SAMPLE_RATE)
    return answer


def text_of(answer: Recognised | ChunkError) -> str:
    assert isinstance(answer, Recognised)
    return Transcript.of(answer.segments, answer.language, 0.0).text


def _check_times(result: Recognised, seconds: float) -> None:
    for segment in result.segments:
        assert 0 <= segment.start <= segment.end <= seconds
        times = [time for word in segment.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert all(segment.start <= time <= segment.end for time in times)
    assert all(a.end <= b.start for a, b in pairwise(result.segments))


@pytest.mark.numerics
def test_a_batch_of_mixed_lengths_is_recognised_correctly(engine: Recogniser) -> None:
    """The results equal those of each clip alone. Sums over a padded batch are rounded differently, so a
    weight may pass its threshold one step earlier or later."""
    clips = [clip(said) for said in SAID]
    answers = transcribe(engine, [(samples, PLAIN) for samples in clips])
    assert [text_of(answer) for answer in answers] == list(SAID)
    alone = [answer for samples in clips for answer in transcribe(engine, [(samples, PLAIN)])]
    assert [_without_times(answer) for answer in alone] == [_without_times(answer) for answer in answers]
    assert _times(alone) == pytest.approx(_times(answers), abs=1.01 * HOP)
    assert {answer.language for answer in answers if isinstance(answer, Recognised)} == {"en"}


def _without_times(answer: Recognised | ChunkError) -> Recognised:
    assert isinstance(answer, Recognised)
    return replace(answer, segments=tuple(replace(s, start=0.0, end=0.0) for s in answer.segments))


def _times(answers: Iterable[Recognised | ChunkError]) -> list[float]:
    heard = (segment for answer in answers if isinstance(answer, Recognised) for segment in answer.segments)
    return [time for segment in heard for time in (segment.start, segment.end)]


@pytest.mark.numerics
def test_words_have_times(engine: Recogniser) -> None:
    samples = clip(SAID[2])
    (segment,) = recognise(engine, samples, recognition(words=True, use_punc=False, use_itn=False)).segments
    assert [word.text for word in segment.words] == SAID[2].split()
    # Expected times: each word takes its share of the clip, within half a second.
    share = len(samples) / SAMPLE_RATE / len(segment.words)
    for number, word in enumerate(segment.words):
        assert number * share - 0.5 <= word.start <= (number + 1) * share + 0.5
    assert not recognise(engine, samples).segments[0].words


@pytest.mark.parametrize("milliseconds", [0, 1, 99, 100, 101])
def test_very_short_audio_gives_no_text(engine: Recogniser, milliseconds: int) -> None:
    samples = clip(SAID[0])[8000 : 8000 + milliseconds * SAMPLE_RATE // 1000]
    result = recognise(engine, samples, recognition(words=True))
    assert milliseconds >= 100 or result == Recognised((), None)


@pytest.mark.numerics
def test_silence_gives_no_text_alone_or_in_a_batch(engine: Recogniser) -> None:
    """FunASR omits clips without speech from its results."""
    silence = np.zeros(4 * SAMPLE_RATE, np.float32)
    assert recognise(engine, silence) == Recognised((), None)
    assert transcribe(engine, [(silence, PLAIN)] * 3) == [Recognised((), None)] * 3
    answers = transcribe(engine, [(silence, PLAIN), (clip(SAID[1]), PLAIN), (silence, PLAIN)])
    assert [text_of(answer) for answer in answers] == ["", SAID[1], ""]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_invalid_samples_affect_only_their_own_chunk(engine: Recogniser, value: float) -> None:
    broken = clip(SAID[0]).copy()
    broken[::1000] = value
    answers = transcribe(engine, [(clip(SAID[1]), PLAIN), (broken, PLAIN), (clip(SAID[3]), PLAIN)])
    assert [text_of(answers[0]), text_of(answers[2])] == [SAID[1], SAID[3]]
    assert isinstance(answers[1], Recognised)


def test_one_bad_chunk_fails_alone(engine: Recogniser) -> None:
    """An array of two dimensions makes FunASR fail for the whole list."""
    bad = np.stack([clip(SAID[0])] * 3, axis=1)
    with pytest.raises(RuntimeError, match="must match the size"):
        engine._model.generate(input=[clip(SAID[1]), bad], batch_size=2)  # type: ignore[attr-defined]
    first, failed, last = transcribe(engine, [(clip(SAID[1]), PLAIN), (bad, PLAIN), (clip(SAID[3]), PLAIN)])
    assert [text_of(first), text_of(last)] == [SAID[1], SAID[3]]
    assert isinstance(failed, ChunkError)
    assert failed.code == "engine_error"


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError()])
def test_out_of_memory_fails_the_whole_batch(
    sensevoice: Recogniser, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The scheduler then makes smaller batches. Real exhaustion of memory would end the tests, so it is
    simulated."""

    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(sensevoice._model.model, "inference", fail)  # type: ignore[attr-defined]
    with pytest.raises(type(error)):
        transcribe(sensevoice, [(clip(SAID[0]), PLAIN)] * 2)


def test_an_error_of_the_device_ends_the_process(
    sensevoice: Recogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(sensevoice._model.model, "inference", fail)  # type: ignore[attr-defined]
    with pytest.raises(SystemExit):
        transcribe(sensevoice, [(clip(SAID[0]), PLAIN)] * 2)


def test_options_that_cannot_share_a_call_are_separated(sensevoice: Recogniser) -> None:
    words = recognition("en", words=True, use_itn=False)
    answers = transcribe(sensevoice, [(clip(SAID[0]), words), (clip(SAID[1]), PLAIN), (clip(SAID[3]), words)])
    assert [text_of(answer) for answer in answers] == [SAID[0], SAID[1], SAID[3]]
    counts = [len(a.segments[0].words) for a in answers if isinstance(a, Recognised)]
    assert counts == [4, 0, 3]


def test_sensevoice_reports_emotions_and_events(sensevoice: Recogniser) -> None:
    (segment,) = recognise(sensevoice, clip(SAID[0]), recognition("en", use_itn=True)).segments
    assert (segment.text, segment.emotion, segment.events) == (SAID[0], "neutral", ())


def test_sensevoice_refuses_languages_it_does_not_know(sensevoice: Recogniser) -> None:
    klingon, english_ = transcribe(
        sensevoice, [(clip(SAID[0]), recognition("tlh")), (clip(SAID[0]), recognition("en"))]
    )
    assert isinstance(klingon, ChunkError)
    assert klingon.code == "bad_language"
    assert text_of(english_) == SAID[0]


@pytest.mark.parametrize(
    "hotwords",
    [
        ("stop", "Jon Smyth", "达摩院"),
        ("http://127.0.0.1:9/words.txt", "httpd", "/etc/passwd", "words.txt", "<|zh|>"),
        ("http",),
        tuple(f"word{number}" for number in range(2000)),
        ("很" * 5000, "x" * 5000),
    ],
)
def test_hotwords_are_reduced_to_plain_words(
    seaco: Recogniser, hotwords: tuple[str, ...], tmp_path: Path
) -> None:
    answers = transcribe(seaco, [(clip(s), recognition(use_punc=False, hotwords=hotwords)) for s in SAID[:3]])
    assert [text_of(answer) for answer in answers] == list(SAID[:3])


def test_hotwords_reach_the_model(seaco: Recogniser) -> None:
    """Its decoder for them always answers "none of these", so the text cannot show it."""
    recognise(seaco, clip(SAID[0]), recognition(hotwords=("stop", "http", "open/left")))
    model = seaco._model.model  # type: ignore[attr-defined]
    tokens = seaco._model.kwargs["tokenizer"]  # type: ignore[attr-defined]
    assert [tokens.ids2tokens(word) for word in model.hotword_list] == [["stop"], ["<unk>"], ["<s>"]]
    recognise(seaco, clip(SAID[0]))
    assert model.hotword_list is None


def test_punctuation_keeps_the_words_and_the_raw_text(seaco: Recogniser) -> None:
    """With random weights, the positions of the marks do not matter."""
    result = recognise(seaco, clip(SAID[2]), recognition(words=True))
    text = text_of(result)
    assert text != SAID[2]
    assert "".join(c for c in text.lower() if c.isalnum() or c == " ") == SAID[2]
    assert Transcript.of(result.segments, "en", 3.0).raw_text == SAID[2]
    assert [w.text for s in result.segments for w in s.words] == text.split()
    assert all(segment.text[0].isupper() for segment in result.segments)


def test_the_same_audio_gives_the_same_text(engine: Recogniser) -> None:
    """By default, FunASR's frontends add noise."""
    noisy = clip(SAID[2]) + np.random.default_rng(1).normal(0, 0.05, len(clip(SAID[2])))
    options = recognition(words=True)
    answers = [transcribe(engine, [(noisy.astype(np.float32), options)]) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]


def test_the_warm_up_measures_a_cost(engine: Recogniser) -> None:
    assert 0 < min(measure(engine).predict(10) for _ in range(3)) < 5


def test_two_hundred_calls_leave_nothing_behind(sensevoice: Recogniser) -> None:
    clips = [clip(said) for said in SAID]

    def call(number: int) -> None:
        options = recognition("en", words=number % 4 == 0, use_itn=False)
        transcribe(sensevoice, [(samples, options) for samples in clips[: 1 + number % 3]])

    def resident_mb() -> float:
        gc.collect()
        return psutil.Process().memory_info().rss / 1e6

    for number in range(12):
        call(number)
    before = resident_mb()
    for number in range(200):
        call(number)
    assert resident_mb() - before < 10


def _words(count: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(VOCABULARY, k=count))


def _heard(engine: Recogniser, samples: Samples) -> str:
    """Text of a recording, cut as a media process does it."""
    cutting = cutting_for(class_of(str(MODELS / "sv-words")).traits.chunking, use_vad=True)
    spans = [*cutting.push(samples), *cutting.flush()]
    answers = transcribe(engine, [(samples[span.start : span.end], PLAIN) for span in spans])
    return " ".join(map(text_of, answers))


def _errors(said: Sequence[str], heard: Sequence[str]) -> int:
    compared = jiwer.process_words(list(said), [text or " " for text in heard])
    return compared.substitutions + compared.deletions + compared.insertions


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sv-words", "seaco-words", "bicif-words"])
def test_no_word_is_lost_that_funasr_hears_by_itself(
    engine_of: Callable[[str], Recogniser], name: str
) -> None:
    """Side by side with FunASR's own pipeline, VAD included: short notes, and one recording with pauses. Two
    words may go either way, because the models hear a word by where it falls in their steps of 60 ms."""
    alone = funasr.AutoModel(
        model=str(MODELS / name),
        vad_model=str(MODELS / "fsmn-vad"),
        disable_update=True,
        disable_pbar=True,
        ncpu=1,
    )
    notes = [_words(2 + number % 7, number) for number in range(24)]
    clips = [english(f"{note.capitalize()}.") for note in notes]
    rng = np.random.default_rng(0)
    pauses = [np.zeros(int(seconds * SAMPLE_RATE), np.float32) for seconds in rng.uniform(0.2, 1.5, 24)]
    whole = np.concatenate([part for both in zip(clips, pauses, strict=True) for part in both])
    whole = (whole + rng.normal(0, 3e-4, len(whole))).astype(np.float32)
    said, recordings = [*notes, " ".join(notes)], [*clips, whole]

    def by_itself(samples: Samples) -> str:
        results = alone.generate(input=samples)
        return re.sub(r"<\|[^|]*\|>", " ", results[0]["text"]) if results else ""

    ours = _errors(said, [_heard(engine_of(name), samples) for samples in recordings])
    theirs = _errors(said, [" ".join(by_itself(samples).split()) for samples in recordings])
    assert ours <= theirs + 2
    assert ours / sum(len(text.split()) for text in said) < 0.03


# Failures at loading.


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a copy of SenseVoice to be damaged."""
    return shutil.copytree(MODELS / "sv-words", tmp_path / "model")


@pytest.mark.parametrize("name", ["model.pt", "bpe.model", "am.mvn", "config.yaml"])
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(EngineError, match=rf"{name}.* is missing"):
        load(model)


@pytest.mark.parametrize("spoil", ["missing", "shape"])
def test_weights_that_would_stay_random_are_named(model: Path, spoil: str) -> None:
    state = torch.load(model / "model.pt", weights_only=True)
    weights = state.pop("encoder.encoders.0.feed_forward.w_1.weight")
    if spoil == "shape":
        state["encoder.encoders.0.feed_forward.w_1.weight"] = weights[:-1]
    torch.save(state, model / "model.pt")
    with pytest.raises(EngineError, match=r"1 of \d+ weights.*feed_forward"):
        load(model)


def test_a_damaged_checkpoint_is_an_error(model: Path) -> None:
    """The file was left by an interrupted download, or is an error page of a server."""
    whole = (model / "model.pt").read_bytes()
    for damaged in (whole[: len(whole) // 2], b"PK\x03\x04 nothing", b"<html>404</html>", b""):
        (model / "model.pt").write_bytes(damaged)
        with pytest.raises(EngineError, match=r"model\.pt is damaged"):
            load(model)
    torch.save([1, 2], model / "model.pt")
    with pytest.raises(EngineError, match=r"model\.pt is damaged"):
        load(model)


def test_a_component_missing_from_funasr_is_named(model: Path) -> None:
    config = model / "config.yaml"
    config.write_text(config.read_text().replace("SenseVoiceEncoderSmall", "UnheardOfEncoder"))
    with pytest.raises(EngineError, match="without the encoder UnheardOfEncoder"):
        load(model)


def test_a_gpu_that_is_not_there_is_an_error_not_the_cpu() -> None:
    with pytest.raises(EngineError, match=r"cuda:15|GPU 15"):
        load(MODELS / "sv-words", device="cuda:15")


@pytest.mark.slow
def test_whisper_says_the_same_as_in_ctranslate2(tmp_path: Path) -> None:
    """Both engines have the same weights."""
    request = EngineRequest("faster-whisper", "whisper-base", threads=2)
    kind = registry.find("faster-whisper")
    paths = kind.model_paths(request, ModelStore().resolve)
    options = recognition("en")
    theirs = text_of(recognise(kind.load(request, paths), english(), options))
    to_funasr(paths["path"], tmp_path / "whisper-base")
    ours = text_of(recognise(load(tmp_path / "whisper-base"), english(), options))
    assert word_error_rate(NOTE, ours) < 0.05
    assert word_error_rate(theirs, ours) < 0.05
