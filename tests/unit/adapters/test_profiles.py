"""Profiles that are kept: the last ones, and no more than 8 MiB of them."""

from __future__ import annotations

from leeboard.adapters.mlflow.profiles import MAX_BYTES, Profiles


def test_the_ones_that_were_not_used_for_longest_go() -> None:
    kept, third = Profiles(), b"x" * (MAX_BYTES // 3)
    for name in "abc":
        kept.put(name, third)
    assert kept.get("a") == third
    kept.put("d", third)
    assert {name: kept.get(name) is not None for name in "abcd"} == {"a": True, "b": False, "c": True, "d": True}


def test_one_that_is_larger_than_all_together_is_not_kept() -> None:
    kept = Profiles()
    kept.put("a", b"x")
    kept.put("b", b"x" * (MAX_BYTES + 1))
    assert (kept.get("a"), kept.get("b")) == (b"x", None)


def test_the_same_one_is_kept_once() -> None:
    kept, half = Profiles(), b"x" * (MAX_BYTES // 2)
    for _ in range(3):
        kept.put("a", half)
    kept.put("b", half)
    assert (kept.get("a"), kept.get("b")) == (half, half)
