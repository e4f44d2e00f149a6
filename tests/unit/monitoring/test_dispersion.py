"""How wildly bad requests scatter, told from the stable pods themselves."""

from __future__ import annotations

import numpy as np
import pytest

from leeboard.monitoring.analysis import dispersion
from leeboard.monitoring.analysis.dispersion import CANARY, PRIOR, Scatter

ROWS, POLLS, LEVEL = 60, 120, 0.01


def groups(bad: np.ndarray, requests: np.ndarray, pods: int) -> np.ndarray:
    both = np.zeros((len(bad), CANARY + 1, 3))
    both[:, :pods, 0], both[:, :pods, 1] = bad[:, :pods], requests[:, :pods]
    both[:, CANARY, 0], both[:, CANARY, 1] = bad[:, -1], requests[:, -1]
    return both


def scatter(kind: str, *, pods: int = 4, seed: int = 5) -> Scatter:
    """After twenty minutes of one kind of traffic."""
    random = np.random.default_rng(seed)
    seen = dispersion.nothing(ROWS)
    drift = random.normal(size=(ROWS, pods + 1))
    for poll in range(POLLS):
        requests = random.poisson(500 / (pods + 1), size=(ROWS, pods + 1)).astype(float)
        share = np.full((ROWS, pods + 1), LEVEL)
        if kind == "outage" and poll % 40 < 6:
            share[:] = 0.3
        if kind == "slow":
            drift = np.exp(-1 / 6) * drift + np.sqrt(1 - np.exp(-1 / 3)) * random.normal(size=drift.shape)
            share = LEVEL * np.exp(0.9 * drift - 0.4)
        bad = random.binomial(requests.astype(int), share).astype(float)
        if kind == "runs":
            bad = 8.0 * random.poisson(requests * LEVEL / 8)
        level = np.full(ROWS, 0.3 if kind == "outage" and 0 < poll % 40 < 6 else LEVEL)
        seen = dispersion.added(seen, groups(bad, requests, pods), level=level, seconds=10.0)
    return seen


def factor(seen: Scatter, *, load: float = 1.0, canary_part: float = 0.2) -> np.ndarray:
    return dispersion.factor(seen, load=np.asarray(load), canary_part=np.asarray(canary_part))


@pytest.mark.parametrize("pods", [1, 4])
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        pytest.param("independent", 1.0, 1.6, id="independent errors: nearly one"),
        pytest.param("runs", 4.5, 20.0, id="runs of eight: about eight"),
        pytest.param("slow", 2.0, 20.0, id="slow noise: several, found in long blocks only"),
    ],
)
def test_the_factor_follows_the_traffic(*, kind: str, low: float, high: float, pods: int) -> None:
    assert low <= float(np.median(factor(scatter(kind, pods=pods)))) <= high


def test_shared_outages_are_no_dispersion_among_pods() -> None:
    assert float(np.median(factor(scatter("outage")))) < 2.0


def test_slow_noise_shows_only_in_longer_blocks() -> None:
    sums = scatter("slow").sums[:, 0].sum(axis=0)
    by_length = sums[:, 0] / sums[:, 1]
    assert by_length[4] > by_length[2] > by_length[0] > 1


def test_rates_that_wander_matter_in_proportion_to_the_load_of_the_canarys_pods_and_runs_do_not() -> None:
    slow, runs = scatter("slow"), scatter("runs")
    quarter, same, fourfold = (float(np.median(factor(slow, load=load, canary_part=0.05))) for load in (0.25, 1.0, 4.0))
    assert quarter < 0.6 * same < 0.3 * fourfold
    in_runs = [float(np.median(factor(runs, load=load, canary_part=0.05))) for load in (0.25, 1.0)]
    assert in_runs[0] > 0.75 * in_runs[1]


def test_beside_a_single_pod_the_split_itself_is_measured_whatever_the_load() -> None:
    alone = scatter("slow", pods=1)
    assert np.array_equal(factor(alone, load=0.25), factor(alone, load=4.0))


def test_before_anything_was_seen_the_factor_is_a_cautious_guess() -> None:
    assert float(factor(dispersion.nothing())) == PRIOR


def test_polls_shorter_than_a_block_are_put_together() -> None:
    once = dispersion.added(dispersion.nothing(), np.ones((CANARY + 1, 3)), level=np.asarray(LEVEL), seconds=4.0)
    assert (once.blocks, once.seconds) == (0, 4.0)
    twice = dispersion.added(once, np.ones((CANARY + 1, 3)), level=np.asarray(LEVEL), seconds=6.0)
    assert (twice.blocks, twice.seconds) == (1, 0.0)
