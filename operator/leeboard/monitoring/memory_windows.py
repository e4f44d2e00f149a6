"""Windows and votes as JSON and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from leeboard.monitoring.drift.trail import Trail
from leeboard.monitoring.drift.verdict import CLEAN, DIFFERS, UNKNOWN
from leeboard.monitoring.drift.votes import Ballots, Votes
from leeboard.monitoring.packed import Parts, Shape, pack, packed, unpack, unpacked
from leeboard.monitoring.slices import SliceKey, SliceKind
from leeboard.monitoring.windows import GONE, Baseline, Open, Revision, Windows, process_digest

_LETTERS = {"0": CLEAN, "1": DIFFERS, "?": UNKNOWN}
_OF_BALLOT = {value: letter for letter, value in _LETTERS.items()}


def windows_json(windows: Windows, room: int) -> dict[str, Any]:
    """At most ``room`` bytes long as compact text, as long as that is enough for everything but baselines.

    A pod whose baseline is left out is written as one that went, so that it is never counted twice.
    """
    parts = {name: _parts_of(one) for name, one in windows.revisions.items()}
    pods = {
        (revision, name): [pod.started, *packed(pod.cells, parts[revision])]
        for revision, one in windows.revisions.items()
        for name, pod in one.pods.items()
    }
    left = room - len(_text(_without_pods(windows, windows.gone, parts))) - GONE * (len(process_digest("", "")) + 3)
    fitting: dict[tuple[str, str], list[int | str]] = {}
    for key, values in sorted(pods.items(), key=lambda item: (len(_text(item[1])), item[0])):
        left -= len(_text(values)) + len(_text(key[1])) + 2
        if left < 0:
            break
        fitting[key] = values
    forgotten = [process_digest(name, str(pods[revision, name][0])) for revision, name in pods.keys() - fitting.keys()]
    document = _without_pods(windows, (*windows.gone, *sorted(forgotten))[-GONE:], parts)
    for (revision, name), values in fitting.items():
        document["revisions"][revision]["pods"][name] = values
    return document


def windows_of(document: dict[str, Any]) -> Windows:
    """What ``windows_json`` was given; raises ValueError, TypeError or KeyError."""
    polled = document["polled"]
    return Windows(
        revisions={str(name): _revision(one) for name, one in document["revisions"].items()},
        gone=tuple(map(str, document["gone"])),
        unseen=frozenset(map(str, document["unseen"])),
        polled=None if polled is None else datetime.fromisoformat(polled),
        closed=int(document["closed"]),
    )


def votes_json(votes: Votes) -> dict[str, Any]:
    """One letter a vote."""
    return {
        "ballots": [_letters(ballot) for ballot in votes.ballots],
        "first": _letters(votes.first),
        "opened": [moment.isoformat() for moment in votes.opened],
    }


def trail_json(trail: Trail) -> list[Any]:
    """Windows, features and the sizes."""
    return [*trail.sizes.shape, pack(trail.sizes.ravel())]


def trail_of(values: list[Any]) -> Trail:
    """What ``trail_json`` was given."""
    windows, features, text = values
    return Trail(unpack(str(text)).reshape(int(windows), int(features)))


def votes_of(document: dict[str, Any]) -> Votes:
    """What ``votes_json`` was given."""
    first = _ballot(document["first"])
    ballots = [_ballot(letters) for letters in document["ballots"]]
    opened = tuple(datetime.fromisoformat(moment) for moment in document["opened"])
    if len(opened) != len(ballots):
        raise ValueError("a vote without a window")
    return Votes(np.array(ballots, np.int8).reshape(len(ballots), len(first)), first, opened)


def _parts_of(revision: Revision) -> Parts:
    """Whatever any counter of the revision holds."""
    every = [revision.season.cells, revision.short.cells, *(pod.cells for pod in revision.pods.values())]
    keys = sorted({key for cells in every for key in cells.slices.keys})
    return tuple(keys), max((cells.slices.counts.shape[1] for cells in every), default=0)


def _without_pods(windows: Windows, gone: tuple[str, ...], parts: Mapping[str, Parts]) -> dict[str, Any]:
    return {
        "revisions": {
            name: {
                "profile": one.profile,
                "shape": one.season.cells.shape,
                "season": _open_json(one.season, parts[name]),
                "short": _open_json(one.short, parts[name]),
                "slices": [[key.kind, key.column, key.value] for key in parts[name][0]],
                "width": parts[name][1],
                "lost": one.lost,
                "pods": {},
            }
            for name, one in windows.revisions.items()
        },
        "gone": gone,
        "unseen": sorted(windows.unseen),
        "polled": None if windows.polled is None else windows.polled.isoformat(),
        "closed": windows.closed,
    }


def _open_json(window: Open, parts: Parts) -> list[Any]:
    return [window.opened.isoformat(), *packed(window.cells, parts)]


def _revision(document: dict[str, Any]) -> Revision:
    channels, cells, features = (int(number) for number in document["shape"])
    shape = (channels, cells, features)
    keys = tuple(
        SliceKey(SliceKind(kind), str(column), str(value)) for kind, column, value in document.get("slices", ())
    )
    parts = keys, int(document.get("width", 0))
    season, short = (_open(document[name], shape, parts) for name in ("season", "short"))
    found = Revision(str(document["profile"]), season, short, lost=int(document["lost"]))
    pods = {
        str(name): Baseline(str(values[0]), unpacked(values[1:], shape, parts))
        for name, values in document["pods"].items()
    }
    return replace(found, pods=pods)


def _open(values: list[Any], shape: Shape, parts: Parts) -> Open:
    return Open(datetime.fromisoformat(values[0]), unpacked(values[1:], shape, parts))


def _letters(ballot: Ballots) -> str:
    return "".join(_OF_BALLOT[int(value)] for value in ballot)


def _ballot(letters: str) -> Ballots:
    return np.array([_LETTERS[letter] for letter in letters], np.int8)


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
