"""Form reader: the same result however the body is cut, and bounded memory whatever the input."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.submission.form import MAX_FIELD_BYTES, MAX_PARTS, OVERHEAD_BYTES, FormReader
from voxq.core.refusal import Refusal

TYPE = "multipart/form-data; boundary=xyz"


def form(audio: bytes, fields: dict[str, str]) -> bytes:
    parts = [f'--xyz\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    head = '--xyz\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
    return "".join(parts).encode() + head.encode() + audio + b"\r\n--xyz--\r\n"


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


audio_like = st.lists(
    st.sampled_from([b"\r\n--xyz", b"\r\n", b"--", b"--xyz-", b"\r", b"sound", b"\x00\xff"]), max_size=20
).map(b"".join)


def is_content(audio: bytes) -> bool:
    return b"\r\n--xyz\r\n" not in audio + b"\r\n" and b"\r\n--xyz--" not in audio


@given(
    audio_like.filter(is_content),
    st.dictionaries(st.sampled_from(["language", "hotwords", "x"]), st.from_regex(r"[\w ]*", fullmatch=True)),
    st.lists(st.integers(min_value=0), max_size=30),
)
def test_the_form_does_not_depend_on_how_the_body_is_cut(
    audio: bytes, fields: dict[str, str], cuts: list[int]
) -> None:
    reader = FormReader(TYPE, "audio")
    taken = []
    for piece in pieces(form(audio, fields), cuts):
        reader.feed(piece)
        taken += reader.take()
    reader.finish()

    assert b"".join(taken) == audio
    assert reader.has_file
    assert reader.fields == fields


@given(st.binary(max_size=2000), st.binary(max_size=200))
def test_garbage_is_refused_or_read_without_other_errors(body: bytes, tail: bytes) -> None:
    reader = FormReader(TYPE, "audio")
    try:
        reader.feed(b"--xyz\r\nContent-Disposition: form-data; name=" + body)
        reader.feed(tail)
        reader.finish()
    except Refusal as refusal:
        assert refusal.code == "bad_form"


@given(st.text(max_size=300))
def test_any_content_type_is_refused_or_has_a_boundary(content_type: str) -> None:
    try:
        FormReader(content_type.encode("utf-8", "replace").decode("latin-1"), "audio")
    except Refusal as refusal:
        assert refusal.code == "bad_form"


def test_a_field_is_limited() -> None:
    reader = FormReader(TYPE, "audio")
    reader.feed(b'--xyz\r\nContent-Disposition: form-data; name="x"\r\n\r\n')
    reader.feed(b"y" * MAX_FIELD_BYTES)
    with pytest.raises(Refusal, match="field"):
        reader.feed(b"y" * 1000)


def test_everything_but_the_file_fits_in_the_overhead() -> None:
    assert MAX_PARTS * (MAX_FIELD_BYTES + 8 * 4096) < OVERHEAD_BYTES


def test_the_file_is_counted_until_it_is_taken() -> None:
    reader = FormReader(TYPE, "audio")
    reader.feed(form(b"x" * 1000, {})[:-20])
    assert 900 < reader.pending <= 1000
    reader.take()
    assert reader.pending == 0


def refused(body: bytes) -> str:
    reader = FormReader(TYPE, "audio")
    with pytest.raises(Refusal) as refusal:
        reader.feed(body)
        reader.finish()
    assert refusal.value.code == "bad_form"
    return refusal.value.message


def test_a_form_has_one_file_and_all_parts_have_names() -> None:
    whole = form(b"sound", {"language": "en"})
    part = whole[: -len(b"--xyz--\r\n")]
    assert "only one part named 'audio'" in refused(part + whole)
    assert "no name" in refused(whole.replace(b'name="language"', b'name=""'))
    assert "no name" in refused(whole.replace(b'; name="language"', b""))


@pytest.mark.parametrize("missing", [1, 2, 4, 20])
def test_a_form_that_is_cut_off_is_refused(missing: int) -> None:
    assert "cut off" in refused(form(b"sound", {})[: -2 - missing])


def test_the_number_of_parts_is_limited() -> None:
    names = {f"f{number}": "" for number in range(MAX_PARTS - 1)}
    reader = FormReader(TYPE, "audio")
    reader.feed(form(b"sound", names))
    reader.finish()
    assert str(MAX_PARTS) in refused(form(b"sound", names | {"one": "more"}))


def test_the_headers_of_a_part_are_limited_in_number_and_size() -> None:
    head = b'--xyz\r\nContent-Disposition: form-data; name="language"\r\n'
    end = b"\r\nen\r\n--xyz--\r\n"
    reader = FormReader(TYPE, "audio")
    reader.feed(head + b"X-Other: 1\r\n" * 7 + end)
    assert reader.fields == {"language": "en"}
    refused(head + b"X-Other: 1\r\n" * 8 + end)
    refused(head + b"X-Other: " + b"x" * 5000 + b"\r\n" + end)
