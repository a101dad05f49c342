from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.spans import WINDOW, Span, SpanFinder, rests_within

Windows = list[tuple[float, float]]

MAXIMUM = 5.0
SECOND = SAMPLE_RATE // WINDOW


def run(probability: float, windows: int, loudness: float = 1.0) -> Windows:
    return [(probability, loudness)] * windows


recordings = st.lists(
    st.builds(run, st.floats(0, 1), st.integers(1, 8 * SECOND), st.floats(0, 1)), max_size=12
).map(lambda runs: [window for part in runs for window in part])


def spans_of(windows: Windows, total: int | None = None, maximum: float = MAXIMUM) -> list[Span]:
    finder = SpanFinder(maximum)
    return finder.push(windows) + finder.finish(len(windows) * WINDOW if total is None else total)


@given(recordings, st.integers(0, WINDOW - 1))
def test_spans_are_in_order_inside_the_recording_and_not_too_long(windows: Windows, missing: int) -> None:
    total = max(0, len(windows) * WINDOW - missing)
    spans = spans_of(windows, total)
    assert all(0 <= span.start < span.end <= total for span in spans)
    assert all(len(span) <= MAXIMUM * SAMPLE_RATE for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


@given(recordings)
def test_no_speech_is_lost_except_clicks(windows: Windows) -> None:
    spans = spans_of(windows)
    speech = [probability >= 0.5 for probability, _ in windows]
    for at in range(len(windows) - 5):
        if all(speech[at : at + 6]):  # a click has at most five windows
            middle = (at + 3) * WINDOW
            assert any(span.start <= middle <= span.end for span in spans)


@given(recordings, st.lists(st.integers(0, 40), max_size=20))
def test_the_result_does_not_depend_on_how_windows_arrive(windows: Windows, cuts: list[int]) -> None:
    finder, spans, rest = SpanFinder(MAXIMUM), [], windows
    for cut in cuts:
        spans += finder.push(rest[:cut])
        rest = rest[cut:]
    spans += finder.push(rest) + finder.finish(len(windows) * WINDOW)
    assert spans == spans_of(windows)


def test_speech_is_padded_on_both_sides() -> None:
    pad = 3 * SAMPLE_RATE // 10
    windows = run(0.0, SECOND) + run(0.9, SECOND) + run(0.0, SECOND)
    assert spans_of(windows) == [Span(SECOND * WINDOW - pad, 2 * SECOND * WINDOW + pad)]


def test_what_is_left_at_the_ends_of_a_recording_goes_with_its_speech() -> None:
    short = SAMPLE_RATE // 10 // WINDOW
    windows = run(0.0, short + 10) + run(0.9, SECOND) + run(0.0, short + 10)
    assert spans_of(windows) == [Span(0, len(windows) * WINDOW)]
    windows = run(0.0, SECOND) + run(0.9, SECOND) + run(0.0, 2 * SECOND // 3)
    assert spans_of(windows)[0].start > 0
    assert spans_of(windows)[0].end < len(windows) * WINDOW


def test_a_short_pause_does_not_end_a_span_and_a_long_one_does() -> None:
    speech = run(0.9, SECOND)
    assert len(spans_of(speech + run(0.0, SECOND // 2) + speech)) == 1
    assert len(spans_of(speech + run(0.0, SECOND) + speech)) == 2


def test_doubtful_windows_only_prolong_speech() -> None:
    assert spans_of(run(0.4, 10 * SECOND)) == []
    assert len(spans_of(run(0.9, 10) + run(0.4, 2 * SECOND) + run(0.9, 10))) == 1


def test_a_click_is_not_speech() -> None:
    assert spans_of(run(0.0, SECOND) + run(1.0, 2) + run(0.0, SECOND)) == []


def test_long_speech_is_cut_at_the_quietest_place() -> None:
    quiet = 4 * SECOND
    windows = run(0.9, quiet) + run(0.9, 1, loudness=0.01) + run(0.9, 5 * SECOND)
    first, *_ = spans_of(windows)
    assert first.end == quiet * WINDOW + WINDOW // 2


def test_long_speech_is_cut_in_a_rest_rather_than_within_a_quieter_sound() -> None:
    word, rest = 4 * SECOND, 3 * SECOND
    windows = run(0.9, rest) + run(0.9, 8, loudness=0.05) + run(0.9, word - rest - 8)
    windows += run(0.9, 1, loudness=0.0) + run(0.9, 5 * SECOND)
    first, *_ = spans_of(windows)
    assert rest * WINDOW < first.end < (rest + 8) * WINDOW


def test_the_longer_of_two_rests_is_taken() -> None:
    short, long = 3 * SECOND, 4 * SECOND
    windows = run(0.9, short) + run(0.9, 4, loudness=0.05) + run(0.9, long - short - 4)
    windows += run(0.9, 10, loudness=0.05) + run(0.9, 5 * SECOND)
    first, *_ = spans_of(windows)
    assert long * WINDOW < first.end < (long + 10) * WINDOW


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40 * SECOND), st.floats(2, 9), st.integers(0, 10**6))
def test_pieces_of_a_span_are_neither_long_nor_short(
    loudness: list[float], maximum: float, start: int
) -> None:
    span = Span(start, start + len(loudness) * WINDOW)
    places = [span.start, *rests_within(span, loudness, maximum), span.end]
    lengths = [after - before for before, after in pairwise(places)]
    longest = maximum * SAMPLE_RATE
    assert all(length <= longest + WINDOW for length in lengths)
    assert len(lengths) == 1 or all(length >= longest / 4 - 2 * WINDOW for length in lengths)


def test_a_span_is_divided_at_its_rests() -> None:
    loudness = [1.0] * 3 * SECOND + [0.1] * 10 + [1.0] * 3 * SECOND + [0.0] * 10 + [1.0] * 3 * SECOND
    places = rests_within(Span(0, len(loudness) * WINDOW), loudness, MAXIMUM)
    assert [place // WINDOW for place in places] == [
        pytest.approx(3 * SECOND + 5, abs=2),
        pytest.approx(6 * SECOND + 15, abs=2),
    ]


def test_the_pieces_of_long_speech_touch() -> None:
    spans = spans_of(run(0.9, 60 * SECOND))
    assert len(spans) >= 12
    assert all(a.end == b.start for a, b in pairwise(spans))
    assert (spans[0].start, spans[-1].end) == (0, 60 * SECOND * WINDOW)


def test_an_unusable_maximum_is_refused() -> None:
    for maximum in (0.0, 1.9, float("nan")):
        with pytest.raises(ValueError):
            SpanFinder(maximum)
