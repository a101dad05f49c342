from itertools import accumulate, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.chunking import Chunker, Chunking, QuietCutter
from voxq.speech.spans import WINDOW, Span


@st.composite
def span_lists(draw: st.DrawFn) -> list[Span]:
    """Spans as VAD returns them, up to 70 s long, with gaps down to zero."""
    position, spans = 0, []
    for gap, length in draw(
        st.lists(st.tuples(st.integers(0, 6 * SAMPLE_RATE), st.integers(1, 70 * SAMPLE_RATE)), max_size=30)
    ):
        spans.append(Span(position + gap, position + gap + length))
        position = spans[-1].end
    return spans


chunkings = st.builds(Chunking, maximum=st.floats(0.5, 60), target=st.floats(0, 60), max_gap=st.floats(0, 10))


def chunks_of(spans: list[Span], chunking: Chunking) -> list[Span]:
    chunker = Chunker(chunking)
    return chunker.push(spans) + chunker.flush()


@given(span_lists(), chunkings)
def test_no_chunk_is_longer_than_the_maximum(spans: list[Span], chunking: Chunking) -> None:
    assert all(0 < len(chunk) <= chunking.maximum * SAMPLE_RATE for chunk in chunks_of(spans, chunking))


@given(span_lists(), chunkings)
def test_every_speech_sample_is_in_exactly_one_chunk(spans: list[Span], chunking: Chunking) -> None:
    chunks = chunks_of(spans, chunking)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    covered = sum(
        max(0, min(chunk.end, span.end) - max(chunk.start, span.start)) for chunk in chunks for span in spans
    )
    assert covered == sum(map(len, spans))


@given(span_lists(), chunkings)
def test_chunks_begin_and_end_with_speech(spans: list[Span], chunking: Chunking) -> None:
    for chunk in chunks_of(spans, chunking):
        assert any(span.start <= chunk.start < span.end for span in spans)
        assert any(span.start < chunk.end <= span.end for span in spans)


@given(span_lists(), chunkings, st.data())
def test_the_result_does_not_depend_on_how_spans_arrive(
    spans: list[Span], chunking: Chunking, data: st.DataObject
) -> None:
    chunker = Chunker(chunking)
    chunks, rest = [], spans
    while rest:
        count = data.draw(st.integers(0, len(rest))) or 1
        chunks += chunker.push(rest[:count])
        rest = rest[count:]
    assert chunks + chunker.flush() == chunks_of(spans, chunking)


def seconds(*spans: tuple[float, float]) -> list[Span]:
    return [Span(int(start * SAMPLE_RATE), int(end * SAMPLE_RATE)) for start, end in spans]


def test_near_neighbours_are_joined_up_to_the_target() -> None:
    spans = seconds((1, 9), (10, 20), (21, 28), (29, 31))
    assert chunks_of(spans, Chunking(30, 25, 3)) == seconds((1, 20), (21, 31))


def test_a_chunk_ends_at_the_longest_pause_of_its_second_half() -> None:
    spans = seconds((0, 5), (8, 14), (16, 20), (20.75, 24), (24.5, 30))
    assert chunks_of(spans, Chunking(30, 25, 4, piece=7)) == seconds((0, 14), (16, 30))
    assert chunks_of(spans, Chunking(30, 25, 4)) == seconds((0, 24), (24.5, 30)), (
        "filled, where nothing is divided"
    )


def test_a_long_pause_is_not_taken_into_a_chunk() -> None:
    spans = seconds((0, 2), (4.9, 6), (9, 10))
    assert chunks_of(spans, Chunking(30, 25, 3)) == seconds((0, 6), (9, 10))


SOUND = np.random.default_rng(0).normal(0, 0.1, 90 * SAMPLE_RATE).astype(np.float32)


@given(st.lists(st.integers(0, 30 * SAMPLE_RATE), max_size=3), st.floats(2, 40))
def test_quiet_cuts_cover_the_whole_recording(blocks: list[int], maximum: float) -> None:
    cutter, at_once = QuietCutter(maximum), QuietCutter(maximum)
    total = sum(blocks)
    ends = list(accumulate(blocks))
    parts = [SOUND[end - block : end] for block, end in zip(blocks, ends, strict=True)]
    pieces = [piece for part in parts for piece in cutter.push(part)] + cutter.flush()
    assert pieces == at_once.push(SOUND[:total]) + at_once.flush(), "however they come"
    assert [0, *(piece.end for piece in pieces)] == [*(piece.start for piece in pieces), total]
    most = int(maximum * SAMPLE_RATE)
    assert all(0 < len(piece) <= most for piece in pieces)
    assert len(pieces) < 2 or min(map(len, pieces)) >= most // 4 - WINDOW
    assert (len(pieces) == 1) == (0 < total <= most)


def test_everything_is_cut_where_it_is_quiet() -> None:
    sound = SOUND[: 70 * SAMPLE_RATE].copy()
    for second in (14, 31, 47, 60):
        sound[second * SAMPLE_RATE : second * SAMPLE_RATE + SAMPLE_RATE // 3] = 0
    cutter = QuietCutter(20.0)
    pieces = cutter.push(sound) + cutter.flush()
    assert [int(piece.end / SAMPLE_RATE) for piece in pieces] == [14, 31, 47, 60, 70]
