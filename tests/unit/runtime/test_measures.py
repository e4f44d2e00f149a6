"""How values become cells' numbers and texts."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard_runtime import measures


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (7, "7"), (1.0, "1.0"), (-0.0, "0.0"), (0.1, "0.1"), ("Bergen", "Bergen")],
    ids=str,
)
def test_a_value_has_one_text(value: measures.Scalar, text: str) -> None:
    assert measures.category_text(value) == text


@settings(deadline=None)
@given(st.text(), st.integers(1, 64))
def test_any_text_has_a_bucket_and_a_hash(text: str, buckets: int) -> None:
    assert 0 <= measures.hash_bucket(text, buckets) < buckets
    assert len(measures.value_hash(text)) == 16


def test_buckets_and_hashes_are_the_same_in_every_process() -> None:
    assert (measures.hash_bucket("Bergen", 16), measures.value_hash("Bergen")) == (6, "7c15643cc802bab4")


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        ("2026-11-23", 0.0),
        ("2026-11-22T23:30:00", 167.5),
        ("2026-11-23T01:00:00+02:00", 167.0),
        ("1969-12-29", 0.0),
        ("1970-01-01", 72.0),
    ],
)
def test_weeks_begin_on_monday_in_utc(moment: str, hour: float) -> None:
    microseconds = measures.moment_of(moment)
    assert microseconds is not None
    assert measures.hour_of_week(microseconds) == hour


def test_an_age_is_the_time_until_the_prediction() -> None:
    assert measures.age_seconds(3_500_000, 10.0) == 6.5
    assert measures.moment_of("yesterday") is None


@pytest.mark.parametrize(("text", "share"), [("", 0.0), ("abc", 0.0), ("åb", 0.5), ("日本", 1.0)])
def test_the_share_of_characters_that_are_not_ascii(text: str, share: float) -> None:
    assert measures.non_ascii_share(text) == share


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(0, measures.PROJECTIONS - 1))
def test_a_projection_is_linear_and_no_longer_than_the_array(values: list[float], number: int) -> None:
    project = measures.projection(number, len(values))
    once, twice = project(values), project([2 * value for value in values])
    assert twice == pytest.approx(2 * once, abs=1e-6)
    assert abs(once) <= measures.norm(values) * (1 + 1e-9) + 1e-9


def test_projections_differ_and_keep_distances_on_average() -> None:
    size = 4096
    unit = [math.sin(index) for index in range(size)]
    length = measures.norm(unit) / math.sqrt(size)
    found = [measures.projection(number, size)(unit) for number in range(200)]
    assert len(set(found)) == len(found)
    root_mean_square = math.sqrt(sum(value**2 for value in found) / len(found))
    assert 0.8 * length < root_mean_square < 1.25 * length
