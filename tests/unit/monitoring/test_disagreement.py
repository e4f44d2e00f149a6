"""Answers joined by the hash of their input: each pair once, numbers within a tolerance."""

from __future__ import annotations

import math

import pytest

from leeboard.monitoring.analysis.disagreement import MAX_REMEMBERED, Output, Pairs, disagrees, joined
from leeboard.monitoring.counts import Answer, PodCounts
from tests.unit.monitoring.traffic import CANARY, STABLE, counted, pod


def ring(name: str, revision: str, *answers: tuple[str, Output]) -> PodCounts:
    return pod(name, revision, counted(), answers=tuple(Answer(hashed, (output,)) for hashed, output in answers))


def join(pairs: Pairs, *pods: PodCounts) -> tuple[Pairs, list[tuple[Answer, Answer]]]:
    return joined(pairs, pods, canary=CANARY, stable=STABLE)


def test_answers_to_the_same_input_are_paired_over_all_pods_and_the_rest_is_counted() -> None:
    pairs, new = join(
        Pairs(),
        ring("c0", CANARY, ("a", 1.0), ("b", 2.0)),
        ring("s0", STABLE, ("a", 1.0)),
        ring("s1", STABLE, ("z", 9.0)),
    )
    assert new == [(Answer("a", (1.0,)), Answer("a", (1.0,)))]
    assert (pairs.compared, pairs.unpaired) == (1, 1)


def test_a_pair_is_looked_at_once_however_often_it_is_seen() -> None:
    rings = ring("c0", CANARY, ("a", 1.0), ("a", 1.0)), ring("s0", STABLE, ("a", 1.0))
    pairs, first = join(Pairs(), *rings)
    again, second = join(pairs, *rings)
    assert (len(first), len(second), again) == (1, 0, pairs)


def test_a_counterpart_may_come_later() -> None:
    canary = ring("c0", CANARY, ("a", 1.0))
    pairs, first = join(Pairs(), canary)
    pairs, second = join(pairs, canary, ring("s0", STABLE, ("a", 1.0)))
    assert (len(first), len(second), pairs.unpaired) == (0, 1, 0)


def test_what_is_remembered_is_bounded() -> None:
    pairs = Pairs()
    for turn in range(6):
        hashes = [(f"{turn}-{place}", 1.0) for place in range(300)]
        pairs, _ = join(pairs, ring("c0", CANARY, *hashes), ring("s0", STABLE, *hashes))
    assert (len(pairs.digests), pairs.compared) == (MAX_REMEMBERED, 1800)


@pytest.mark.parametrize(
    ("mine", "yours", "differs"),
    [
        pytest.param((1.0, 2.0), (1.0, 2.0 + 1e-7), False, id="within the tolerance"),
        pytest.param((1.0,), (1.1,), True, id="beyond the tolerance"),
        pytest.param((1,), (1.0,), False, id="whole and decimal numbers"),
        pytest.param((math.nan,), (math.nan,), False, id="both not a number"),
        pytest.param((math.nan,), (0.0,), True, id="one not a number"),
        pytest.param((math.inf,), (math.inf,), False, id="both infinite"),
        pytest.param(("good",), ("bad",), True, id="other labels"),
        pytest.param((None,), (None,), False, id="both missing"),
        pytest.param((None,), (0.0,), True, id="one missing"),
        pytest.param((True,), (1.0,), True, id="true is not one"),
        pytest.param((1.0,), (1.0, 2.0), True, id="another length"),
    ],
)
def test_answers_differ(mine: tuple[Output, ...], yours: tuple[Output, ...], differs: bool) -> None:  # noqa: FBT001
    assert disagrees(Answer("a", mine), Answer("a", yours), 1e-6) is differs
