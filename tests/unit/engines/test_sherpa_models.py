"""Models of sherpa-onnx before loading: their type and their files; nothing here needs sherpa-onnx."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from engine_calls import Options, recognition
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines import registry
from voxq.engines.contract import EngineError, EngineRequest
from voxq.engines.recognise.sherpa_onnx.hotwords import Spelling
from voxq.engines.recognise.sherpa_onnx.loading import provider_for
from voxq.engines.recognise.sherpa_onnx.model_files import find_files
from voxq.engines.recognise.sherpa_onnx.model_type import (
    MOONSHINE,
    PARAFORMER,
    SENSE_VOICE,
    STREAMING,
    TRANSDUCER,
    WHISPER,
    ModelType,
    read_type,
)
from voxq.engines.recognise.sherpa_onnx.onnx_file import NoOnnxFile, read_metadata
from voxq.model_store import published

KIND = registry.find("sherpa-onnx")
GRAPH = b"\x3a\x82\x01" + bytes(130)
"""A field with a length of two bytes, as `ModelProto.graph` is."""


def number(value: int) -> bytes:
    low = bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
    return low + number(value >> 7) if value > 0x7F else low


def field(of: int, content: bytes) -> bytes:
    return number(of << 3 | 2) + number(len(content)) + content


def onnx(metadata: Mapping[str, str]) -> bytes:
    """A model with nothing but its version, zeros for a graph, and metadata."""
    pairs = (field(1, key.encode()) + field(2, value.encode()) for key, value in metadata.items())
    return b"\x08\x07" + GRAPH + b"".join(field(14, pair) for pair in pairs)


def write(directory: Path, model_type: str, name: str = "model.onnx", vocab: int = 3, **more: str) -> Path:
    """Write a model with the properties of a Paraformer, and `more`."""
    directory.mkdir(exist_ok=True)
    common = ("lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")
    metadata = {"model_type": model_type, "vocab_size": str(vocab), **dict.fromkeys(common, "1"), **more}
    (directory / name).write_bytes(onnx(metadata))
    (directory / "tokens.txt").write_text("<blank> 0\n</s> 1\n一 2\n")
    return directory


def request(model: object) -> EngineRequest:
    return EngineRequest("sherpa-onnx", str(model))


def key(model: object, options: Options) -> str:
    return KIND.traits_for(request(model)).batch_key(options)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx") / "model.onnx"


@given(metadata=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=300), max_size=9))
def test_metadata_are_read(file: Path, metadata: dict[str, str]) -> None:
    file.write_bytes(onnx(metadata))
    assert read_metadata(file) == metadata


@given(missing=st.integers(1, 200))
def test_a_missing_end_is_noticed_or_costs_metadata(file: Path, missing: int) -> None:
    metadata = {"model_type": "paraformer", "neg_mean": "1,2,3"}
    whole = onnx(metadata)
    file.write_bytes(whole[: max(0, len(whole) - missing)])
    try:
        found = read_metadata(file)
    except NoOnnxFile:
        return
    assert len(found) < len(metadata)


@given(content=st.binary(max_size=300))
def test_any_content_is_read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with contextlib.suppress(NoOnnxFile):
        read_metadata(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff" * 1000, "no ONNX model"),  # a number without an end
        (b"\x0b" + bytes(100), "no ONNX model"),  # a kind of fields that has no length
        (b"\x3a\xff\xff\xff\xff\x7f", "not whole"),
    ],
)
def test_what_is_no_model_is_refused_where_it_begins(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(NoOnnxFile, match=says):
        read_metadata(file)


def test_metadata_that_are_no_text_are_read(file: Path) -> None:
    file.write_bytes(field(14, field(1, b"\xffname") + field(2, b"\xff")))
    assert read_metadata(file) == {"\ufffdname": "\ufffd"}


def test_weights_are_passed_over_unread(file: Path) -> None:
    size = 100 << 20
    with file.open("wb") as sparse:
        sparse.write(number(7 << 3 | 2) + number(size))
        sparse.truncate(sparse.tell() + size)
    tracemalloc.start()
    assert read_metadata(file) == {}
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20


def test_the_catalogues_models_are_known() -> None:
    names = [m.name for m in published.MODELS if m.engine == "sherpa-onnx" and m.role == "recogniser"]
    assert {"sensevoice-int8", "paraformer-zh-int8"} <= set(names)
    for name in names:
        assert KIND.traits_for(request(name)).chunking.maximum == 30
        needs = {"punc": "ct-punc-int8"} if published.find(name).needs else {}
        assert dict(KIND.roles_for(request(name))) == {"path": name, **needs}


@pytest.mark.parametrize(
    "repository", ["somebody/sherpa-onnx-sense-voice-v2", "x/Paraformer-small", "k2-fsa/zipformer-zh"]
)
def test_models_are_recognised_by_the_names_of_their_repositories(repository: str) -> None:
    assert KIND.traits_for(request(repository)).chunking.maximum == 30


def test_a_directory_is_punctuated_by_the_model_beside_it(tmp_path: Path) -> None:
    own = write(tmp_path / "own", "paraformer")
    assert dict(KIND.roles_for(request(own))) == {"path": str(own)}
    (tmp_path / "ct-punc-int8").mkdir()
    assert dict(KIND.roles_for(request(own))) == {"path": str(own), "punc": str(tmp_path / "ct-punc-int8")}
    write(own, "sense_voice_ctc")
    assert dict(KIND.roles_for(request(own))) == {"path": str(own)}


@pytest.mark.parametrize(
    ("model_type", "more", "expected"),
    [
        ("zipformer2", {}, TRANSDUCER),
        ("zipformer2", {"decode_chunk_len": "32"}, STREAMING),
        ("lstm", {"decode_chunk_len": "4"}, STREAMING),
        ("conformer", {}, TRANSDUCER),
        ("whisper-base", {}, WHISPER),
    ],
)
def test_models_with_an_encoder_are_recognised_by_its_metadata(
    tmp_path: Path, model_type: str, more: dict[str, Any], expected: ModelType
) -> None:
    """A streaming model has the same files as another, and sherpa-onnx would end the process."""
    write(tmp_path, model_type, "encoder-epoch-99-avg-1.int8.onnx", **more)
    assert read_type(tmp_path) is expected


def test_moonshine_is_known_by_its_files(tmp_path: Path) -> None:
    for name in ("preprocess", "encode.int8", "uncached_decode.int8", "cached_decode.int8"):
        write(tmp_path, "", f"{name}.onnx")
    assert read_type(tmp_path) is MOONSHINE
    paths = find_files(tmp_path, MOONSHINE, prefers_int8=True).paths
    assert paths["encoder"].name == "encode.int8.onnx"
    (tmp_path / "encode.int8.onnx").unlink()
    with pytest.raises(EngineError, match=r"encode\.\*onnx is missing"):
        find_files(tmp_path, MOONSHINE, prefers_int8=True)


def spelling(directory: Path, *tokens: str, parts: str = "") -> Spelling:
    if parts:
        (directory / "bpe.vocab").write_text("".join(f"{part}\t-1\n" for part in parts), "utf-8")
    return Spelling.read(directory, dict(enumerate(tokens)))


def test_hotwords_of_characters(tmp_path: Path) -> None:
    chinese = spelling(tmp_path, "<blk>", "你", "好", "▁HELLO", "A")
    assert chinese.arguments == {"decoding_method": "modified_beam_search", "modeling_unit": "cjkchar"}
    assert chinese.of(("你好", "好", "你好", "您好", "A", "hello", "")) == "你好/好"
    assert chinese.of(("hello",)) is None
    assert chinese.of(()) is None


def test_hotwords_of_word_parts(tmp_path: Path) -> None:
    mixed = spelling(tmp_path, "你", "好", "▁HEL", "▁H", *"HELO'", parts="▁HELO'")
    assert mixed.unit == "cjkchar+bpe"
    assert mixed.arguments["bpe_vocab"] == str(tmp_path / "bpe.vocab")
    asked = ("hello", "Hell  hole", "你hello", "help", "h'e", "你好")
    assert mixed.of(asked) == "HELLO/HELL HOLE/你HELLO/H'E/你好"
    lower = spelling(tmp_path, *"helo", parts="helo")
    assert (lower.unit, lower.of(("Hello",))) == ("bpe", "hello")


def test_a_model_that_cannot_spell_takes_no_hotwords(tmp_path: Path) -> None:
    none = spelling(tmp_path, "<blk>", "▁THE", "ING")
    assert (none.unit, none.arguments, none.of(("the",))) == ("", {}, None)


@given(st.lists(st.text(max_size=80), max_size=20))
def test_what_reaches_sherpa_onnx_can_be_spelled(hotwords: list[str]) -> None:
    known = Spelling("cjkchar+bpe", None, frozenset("你好"), frozenset("ABCabc'1"))
    shown = known.of(hotwords)
    assert shown is None or set(shown) <= set("你好ABCabc'1 /")
    assert shown is None or all(part and part == part.strip() for part in shown.split("/"))


@pytest.mark.parametrize("name", ["noop", "sensevoice", "owner/model", "/no/such/directory"])
def test_an_unknown_model_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(EngineError, match="sensevoice-int8, paraformer-zh-int8"):
        KIND.traits_for(request(name))


def test_a_call_has_one_language_and_on_a_cpu_one_item(tmp_path: Path) -> None:
    plain, english = recognition(), recognition("en")
    assert key("sensevoice-int8", plain) == key("sensevoice-int8", recognition(use_itn=False, words=True))
    assert key("sensevoice-int8", plain) != key("sensevoice-int8", english)
    paraformer = write(tmp_path / "own", "paraformer")
    assert key(paraformer, plain) == key(paraformer, english)

    def items(device: str, provider: str = "auto") -> int:
        return KIND.traits_for(EngineRequest("sherpa-onnx", "sensevoice-int8", device, 0, provider)).max_items

    assert items("cpu") == items("cuda:0", "cpu") == 1 < items("cuda:0")


def test_weights_of_8_bits_are_for_the_cpu(tmp_path: Path) -> None:
    write(tmp_path, "paraformer")
    write(tmp_path, "paraformer", "model.int8.onnx")
    assert read_type(tmp_path) is PARAFORMER
    assert find_files(tmp_path, PARAFORMER, prefers_int8=True).paths["paraformer"].name == "model.int8.onnx"
    assert find_files(tmp_path, PARAFORMER, prefers_int8=False).paths["paraformer"].name == "model.onnx"
    (tmp_path / "model.onnx").unlink()
    assert find_files(tmp_path, PARAFORMER, prefers_int8=False).paths["paraformer"].name == "model.int8.onnx"


def test_a_directory_without_a_supported_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"holds no model of sherpa-onnx.*SenseVoice.*tokens\.txt"):
        read_type(tmp_path)
    write(tmp_path, "zipformer2_ctc")
    with pytest.raises(EngineError, match=r"model\.onnx with model_type 'zipformer2_ctc', which is not"):
        KIND.traits_for(request(tmp_path))
    write(tmp_path, "sense_voice_ctc")
    assert read_type(tmp_path) is SENSE_VOICE
    with pytest.raises(EngineError, match="not exported for sherpa-onnx, without normalize_samples, with"):
        find_files(tmp_path, SENSE_VOICE, prefers_int8=True)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (None, r"tokens\.txt is missing"),
        ("a 0\n</s> 1\n", "has not all of the 3 tokens"),
        ("a 0\nb 1\nc 2\n", "lacks the token </s>"),
        ("a\n", "no list of tokens"),
        ("a 99999999999999999999x\n", "no list of tokens"),
    ],
)
def test_tokens_must_be_those_of_the_model(tmp_path: Path, tokens: str | None, message: str) -> None:
    write(tmp_path, "paraformer")
    (tmp_path / "tokens.txt").unlink()
    if tokens is not None:
        (tmp_path / "tokens.txt").write_text(tokens)
    with pytest.raises(EngineError, match=message):
        find_files(tmp_path, PARAFORMER, prefers_int8=True)


@pytest.mark.parametrize(
    ("device", "provider", "message"),
    [
        ("cpu", "cuda", "ASR_USE_GPU=true"),
        ("cuda:0", "tensorrt", "cpu and cuda, not with tensorrt"),
        ("cpu", "coreml", "not with coreml"),
    ],
)
def test_a_provider_that_does_not_fit_is_refused(device: str, provider: str, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        provider_for(EngineRequest("sherpa-onnx", "any", device, provider=provider))


@pytest.mark.parametrize(("device", "provider"), [("cpu", "auto"), ("cpu", "cpu"), ("cuda:1", "cpu")])
def test_the_cpu_can_be_chosen_beside_a_gpu(device: str, provider: str) -> None:
    assert provider_for(EngineRequest("sherpa-onnx", "any", device, provider=provider)) == "cpu"
