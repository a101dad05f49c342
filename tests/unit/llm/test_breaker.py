"""When a provider that keeps failing is asked again."""

from __future__ import annotations

from voxq.llm.breaker import Breaker


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(5):
        assert breaker.allows(0.0)
        breaker.failed(0.0)
    return breaker


def test_it_opens_with_the_fifth_failure_in_a_row() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0.0)
    breaker.succeeded()
    for _ in range(4):
        breaker.failed(0.0)
    assert breaker.allows(0.0)
    breaker.failed(0.0)
    assert not breaker.allows(0.0)


def test_one_request_is_tried_after_the_pause() -> None:
    breaker = opened()
    assert breaker.seconds_left(2.0) == 3.0
    assert not breaker.allows(4.9)
    assert breaker.allows(5.0)
    assert not breaker.allows(5.0)
    breaker.succeeded()
    assert breaker.allows(5.1) and breaker.allows(5.1)


def test_the_pause_grows_with_each_request_that_fails_up_to_a_minute() -> None:
    breaker, now, pauses = opened(), 0.0, []
    for _ in range(6):
        pauses.append(breaker.seconds_left(now))
        now += pauses[-1]
        assert breaker.allows(now)
        breaker.failed(now)
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_requests_that_were_sent_before_do_not_make_it_longer() -> None:
    breaker = opened()
    for _ in range(20):
        breaker.failed(1.0)
    assert breaker.seconds_left(1.0) == 4.0


def test_a_request_that_was_cancelled_leaves_the_try_to_the_next() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    breaker.gave_up()
    assert breaker.allows(5.0)
