"""The circuit breaker in front of MLflow."""

from dataclasses import dataclass

import pytest

from leeboard.adapters.mlflow.breaker import CircuitBreaker
from leeboard.errors import TrackingUnavailable


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(steady=clock, failures=3, open_seconds=10)
    for _ in range(3):
        breaker.check()
        breaker.failed()
    return breaker


def test_a_few_failures_in_a_row_open_it() -> None:
    breaker = opened(Clock())

    with pytest.raises(TrackingUnavailable, match="3 times in a row"):
        breaker.check()


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = CircuitBreaker(steady=Clock(), failures=2, open_seconds=10)
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()

    breaker.check()


def test_after_a_while_one_call_is_let_through_and_only_one() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10.0

    breaker.check()
    with pytest.raises(TrackingUnavailable):
        breaker.check()


def test_the_probe_decides_whether_it_closes() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10.0
    breaker.check()
    breaker.failed()
    with pytest.raises(TrackingUnavailable):
        breaker.check()

    clock.now = 20.0
    breaker.check()
    breaker.succeeded()

    breaker.check()
    breaker.check()


def test_a_probe_that_was_given_up_lets_the_next_one_through() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10.0
    breaker.check()
    breaker.abandoned()

    breaker.check()
