from hypothesis import given
from hypothesis import strategies as st

from voxq.supervisor.part import FIRST_DELAY, LONGEST_DELAY, STABLE_AFTER, next_delay


def test_delays_double_up_to_the_longest() -> None:
    delays = [0.0]
    for _ in range(8):
        delays.append(next_delay(delays[-1], uptime=0.5))
    assert delays[1:] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_part_that_was_stable_starts_over() -> None:
    assert next_delay(30, uptime=STABLE_AFTER) == FIRST_DELAY


@given(st.floats(FIRST_DELAY, LONGEST_DELAY), st.floats(0, 1e9))
def test_delays_are_bounded(previous: float, uptime: float) -> None:
    assert FIRST_DELAY <= next_delay(previous, uptime) <= LONGEST_DELAY
