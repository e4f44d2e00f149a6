"""Runs opened a moment ago are read by id, once."""

from dataclasses import dataclass

import pytest

from leeboard.adapters.mlflow.recent import MAX_SECONDS, RecentRuns


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recent(clock: Clock) -> RecentRuns:
    recent = RecentRuns(steady=clock)
    recent.searched("team/loan", {"intent": "i"}, ids=("old",))
    return recent


def test_an_opened_run_joins_what_the_search_had_found_and_is_told_once(recent: RecentRuns) -> None:
    recent.opened("team/loan", {"intent": "i", "uid": "u"}, id_="new")

    assert recent.take("team/loan", {"intent": "i"}) == ("old", "new")
    assert recent.take("team/loan", {"intent": "i"}) == ()


def test_a_search_alone_is_never_repeated_from_memory(recent: RecentRuns) -> None:
    assert recent.take("team/loan", {"intent": "i"}) == ()


@pytest.mark.parametrize(
    ("experiment", "tags"),
    [("team/churn", {"intent": "i"}), ("team/loan", {"intent": "another"})],
    ids=["another experiment", "another tag"],
)
def test_a_run_that_the_search_would_not_find_does_not_count(
    recent: RecentRuns, experiment: str, tags: dict[str, str]
) -> None:
    recent.opened(experiment, tags, id_="new")

    assert recent.take("team/loan", {"intent": "i"}) == ()


def test_what_was_searched_too_long_ago_is_searched_again(recent: RecentRuns, clock: Clock) -> None:
    recent.opened("team/loan", {"intent": "i"}, id_="new")
    clock.now = MAX_SECONDS + 1

    assert recent.take("team/loan", {"intent": "i"}) == ()
