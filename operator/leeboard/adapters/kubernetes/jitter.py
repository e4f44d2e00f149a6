"""Randomness, so that replicas do not act in step."""

from __future__ import annotations

import random


def jittered(seconds: float, *, fraction: float = 0.1) -> float:
    """``seconds`` up to ``fraction`` longer or shorter."""
    return seconds * random.uniform(1 - fraction, 1 + fraction)  # noqa: S311 - not a secret
