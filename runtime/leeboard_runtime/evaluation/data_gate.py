"""What is broken in the rows that a version was made with, beside those of the version that serves.

Both profiles tell it: how many values each input lacks, and into which cells the others fell. The thresholds are
those of the verdict on live data: an excess of a twentieth of the rows that cannot be chance (four standard errors of
the difference of two shares, pooled; Fleiss, Levin and Paik 2003, 3.1), and one cell for all where none held most.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Any

ALERT = 0.05
SURPRISE = 4.0
USUAL_SHARE = 0.9
MOST_FAULTS = 5
MOST_CHARACTERS = 60
VALUES = frozenset({"Value", "Category"})
"""Measures whose cells are those of the values themselves."""
ABSENT = {0: "missing", 1: "null", 3: "not finite"}
"""Places in the six counts of a profile's quality."""
NOT_MONITORED = "NotMonitored"


def data_faults(candidate: dict[str, Any], champion: dict[str, Any]) -> list[str]:
    """What is wrong with the candidate's reference by the champion's, the first five; both are profiles of schema 1.

    Raises KeyError, TypeError, ValueError or IndexError for what is no profile.
    """
    places = {feature["name"]: place for place, feature in enumerate(champion["features"])}
    found = [
        f"{_plain(feature['name'])} {fault}"
        for place, feature in enumerate(candidate["features"])
        if feature["name"] in places
        for fault in _faults_of(candidate, champion, place=place, other=places[feature["name"]])
    ]
    return found[:MOST_FAULTS]


def _faults_of(candidate: dict[str, Any], champion: dict[str, Any], *, place: int, other: int) -> Iterator[str]:
    """Of one input, by its places in both."""
    was, now = champion["features"][other]["kind"], candidate["features"][place]["kind"]
    if was != NOT_MONITORED and now == NOT_MONITORED:
        yield f"is not counted any more: {_plain(candidate['features'][place]['reason'])}"
        return
    rows, before = int(candidate["reference"]["rows"]), int(champion["reference"]["rows"])
    for number, word in ABSENT.items():
        lacking, usual = candidate["quality"][place][number] / rows, champion["quality"][other][number] / before
        pooled = (lacking * rows + usual * before) / (rows + before)
        error = sqrt(max(pooled * (1 - pooled), 0.0) * (1 / rows + 1 / before))
        if lacking - usual >= ALERT and lacking - usual > SURPRISE * error:
            yield f"is {word} in {lacking:.1%} of {rows} rows, before in {usual:.1%}"
    if _fullest(candidate, place) == 1 and _fullest(champion, other) <= USUAL_SHARE:
        yield f"has the same value in all of {rows} rows"


def _plain(text: object) -> str:
    """ASCII, and short: five of them have to fit into a termination message."""
    return str(text).encode("ascii", "backslashreplace").decode()[:MOST_CHARACTERS]


def _fullest(profile: dict[str, Any], feature: int) -> float:
    """The part of an input's values that fell into its fullest cell, where the cells are of the values themselves."""
    for channel, counts in zip(profile["channels"], profile["counts"], strict=True):
        if channel["feature"] == feature and channel["measure"] in VALUES:
            return float(max(counts, default=0) / max(sum(counts), 1))
    return 0.0
