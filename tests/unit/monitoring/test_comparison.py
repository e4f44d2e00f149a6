"""PSI and its significance: what they show when nothing changed, and when something did."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.cells import Counts
from leeboard.monitoring.drift.chi_square import tail
from leeboard.monitoring.drift.comparison import compared, homogeneity, pooled, psi
from leeboard.monitoring.drift.discoveries import discovered
from leeboard.monitoring.drift.samples import needed

ONE = np.ones(1)
TABLES = arrays(np.int64, (2, 12), elements=st.integers(0, 400))


def drawn(seed: int, rows: int, *, shares: Array, times: int) -> Counts:
    return np.random.default_rng(seed).multinomial(rows, shares, size=times)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 35, 60])
def test_the_tail_is_that_of_the_chi_square_distribution(degrees: int) -> None:
    statistics = np.array([0.0, 0.1, 1.0, degrees, 2.0 * degrees, 20.0 + 3 * degrees])
    found = tail(statistics, np.full(len(statistics), degrees))
    np.testing.assert_allclose(found, stats.chi2.sf(statistics, degrees), rtol=1e-9)


def test_without_degrees_of_freedom_there_is_no_probability() -> None:
    assert np.isnan(tail(np.array([1.0]), np.array([0]))).all()


@pytest.mark.parametrize("phi", [1.0, 2.5])
@pytest.mark.parametrize("rows", [500, 2000])
def test_without_drift_the_corrected_size_is_zero_on_average_and_p_is_even(rows: int, phi: float) -> None:
    """2,000 pairs of samples of deciles; overdispersed ones by counting each row ``phi`` times."""
    shares = np.full(10, 0.1)
    draws, windows = (
        drawn(1, int(10_000 / phi), shares=shares, times=2000),
        drawn(2, int(rows / phi), shares=shares, times=2000),
    )
    found = compared((draws * phi).astype(np.int64), (windows * phi).astype(np.int64), np.full(2000, phi))
    standard_error = found.bias[0] * np.sqrt(2 / 9) / np.sqrt(2000)
    assert abs(float(found.size.mean())) < 4 * standard_error + 0.02 * found.bias[0]
    assert float((found.p < 0.05).mean()) == pytest.approx(0.05, abs=0.02)
    assert float((found.p < 0.5).mean()) == pytest.approx(0.5, abs=0.05)


def test_uncorrected_psi_of_a_hundred_rows_exceeds_a_tenth_in_a_third_of_driftless_windows() -> None:
    shares = np.full(10, 0.1)
    found = compared(
        drawn(1, 10_000, shares=shares, times=2000), drawn(2, 100, shares=shares, times=2000), np.ones(2000)
    )
    uncorrected = found.size + found.bias
    assert 0.25 < float((uncorrected > 0.1).mean()) < 0.45
    assert float((found.size > 0.1).mean()) < 0.1


def test_cells_that_are_empty_on_both_sides_change_nothing() -> None:
    one, other = np.array([[50, 30, 20]]), np.array([[40, 40, 20]])
    spread = np.insert(one, 1, 0, axis=1), np.insert(other, 1, 0, axis=1)
    plain, with_empty = compared(one, other, ONE), compared(*spread, ONE)
    assert (plain.size, plain.p, plain.cells) == (with_empty.size, with_empty.p, with_empty.cells)


def test_booleans_that_are_nearly_always_false_raise_no_alarm() -> None:
    """Two of 10,000 are true in the reference, none or one of 500 in a window: a flat prior calls that drift."""
    for true in (0, 1):
        found = compared(np.array([[9998, 2]]), np.array([[500 - true, true]]), ONE)
        assert np.isnan(found.size[0]) or found.size[0] < 0.01


def test_a_cell_that_the_reference_never_had_is_drift_when_it_holds_many() -> None:
    found = compared(np.array([[4000, 4000, 0]]), np.array([[350, 350, 300]]), ONE)
    assert found.size[0] > 0.5
    assert found.p[0] < 1e-6


@given(TABLES, TABLES)
def test_pooling_loses_no_row_and_leaves_no_thin_cell(reference: Counts, window: Counts) -> None:
    one, other = pooled(reference, window)
    assert (one.sum(axis=1) == reference.sum(axis=1)).all()
    assert (other.sum(axis=1) == window.sum(axis=1)).all()
    n, m = reference.sum(axis=1), window.sum(axis=1)
    for row in range(len(one)):
        if min(n[row], m[row]) == 0:
            continue
        both = (one + other)[row]
        expected = both[both > 0] * min(n[row], m[row]) / (n[row] + m[row])
        assert len(expected) == 1 or expected.min() >= 5


@given(TABLES, TABLES)
def test_a_comparison_is_a_number_or_unknown_and_p_is_a_probability(reference: Counts, window: Counts) -> None:
    found = compared(reference, window, np.ones(2))
    unknown = np.isnan(found.size)
    assert (np.isnan(found.p) == unknown).all()
    assert (unknown == ((found.cells < 2) | (found.reference == 0) | (found.window == 0))).all()
    assert ((found.p[~unknown] >= 0) & (found.p[~unknown] <= 1)).all()
    assert np.isfinite(found.size[~unknown]).all()


def test_the_statistic_is_pearsons_for_two_random_samples() -> None:
    one, other = np.array([[50.0, 30, 20]]), np.array([[40.0, 45, 15]])
    expected = stats.chi2_contingency(np.vstack((one, other)), correction=False)
    assert homogeneity(one, other)[0] == pytest.approx(expected.statistic)
    assert compared(one.astype(int), other.astype(int), ONE).p[0] == pytest.approx(expected.pvalue)


def test_psi_of_large_samples_is_the_textbook_one() -> None:
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.25, 0.25, 0.5])
    found = psi(q[None] * 1e7, p[None] * 1e7)[0]
    assert found == pytest.approx(float(((p - q) * np.log(p / q)).sum()), rel=1e-4)


@pytest.mark.parametrize(
    ("cells", "reference", "phi", "rows"),
    [
        (10, 10_000, 1.0, 471),
        (10, 10_000, 2.0, 989),
        (10, 10_000, 5.5, 3289),
        (22, 10_000, 1.0, 1173),
        (2, 8000, 1.0, 51),
    ],
)
def test_the_rows_that_a_feature_needs(*, cells: int, reference: int, phi: float, rows: int) -> None:
    asked = (np.array([float(cells)]), np.array([float(reference)]), np.array([phi]))
    assert needed(*asked, most_bias=np.array([0.02]))[0] == pytest.approx(rows, abs=2)


def test_no_window_is_long_enough_for_a_reference_that_is_too_small() -> None:
    assert np.isinf(needed(np.array([10.0]), np.array([400.0]), ONE, most_bias=np.array([0.02])))[0]


def test_discoveries_are_those_of_benjamini_and_hochberg_in_each_family() -> None:
    random = np.random.default_rng(4)
    families = [random.random(size) ** 3 for size in (1, 7, 40)]
    expected = np.concatenate([stats.false_discovery_control(one) <= 0.1 for one in families])
    order = random.permutation(len(expected))
    p = np.concatenate(families)[order]
    owner = np.repeat([5, 2, 9], [1, 7, 40])[order]
    found = discovered(p, owner, rate=np.full(len(p), 0.1))
    assert expected.any()
    assert (found == expected[order]).all()


def test_what_is_unknown_is_no_hypothesis() -> None:
    p = np.array([0.009, np.nan, np.nan, np.nan])
    assert list(discovered(p, np.zeros(4, np.int64), rate=np.full(4, 0.01))) == [True, False, False, False]
