"""Drift detectors of others, with their defaults, on the windows of the named streams that our verdicts see.

Read twice: as they say it (a window in which a column drifted is a verdict, for Evidently also half of the columns),
and by our rule, three of the last four windows for the same column, which they do not have. Ours is judged beside them.
Fewer seeds than in `drift`, as the peers take long.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path

import numpy as np

from leeboard.monitoring.drift import Verdict
from tests.bench import drift_streams as streams
from tests.bench.drift_streams import Make, Stream
from tests.bench.peers.environments import peer_python
from tests.bench.record import FOLDER, Measurement, write
from tests.support.profiles import reference_of
from tests.support.verdicts import rulings

SEEDS = int(os.environ.get("LEEBOARD_BENCH_SEEDS", "1"))
WORK = FOLDER / "drift_peers"
OURS = "ours"
SCRIPT = Path(__file__).parent / "peers" / "drift_detectors.py"
WHOLE = ""  # how a peer calls the data as a whole
NEEDED, OF = 3, 4

STREAMS: dict[str, Make] = {
    "independent": streams.independent,
    "thin, 100 rows": partial(streams.independent, windows=50, window=100),
    "AR(1) 0.9": streams.autoregressive,
    "daily cycle": streams.daily_cycle,
    "heavy tails": streams.heavy_tails,
    "booleans and empty cells": streams.booleans,
    "SEA, inputs": streams.sea,
    "STAGGER, inputs": streams.stagger,
    "shift of 0.5 sd": partial(streams.independent, windows=40, shift=0.5),
    "shift of 0.8 sd": partial(streams.independent, windows=40, shift=0.8),
    "daily cycle, shift of 0.8 sd": partial(streams.daily_cycle, shift=0.8),
    "heavy tails, scale x 5": partial(streams.heavy_tails, scale=5.0),
    "booleans, 30 % to 60 %": partial(streams.booleans, share=0.6),
    "car loan": streams.car_loan,
}
ONLY_MEANING_CHANGES = ("SEA, inputs", "STAGGER, inputs")

Said = Sequence[dict[str, bool]]
Reading = Callable[[Said], list[bool]]
Figure = Callable[[list["Outcome"]], float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``false`` of the ``windows`` before the change had a verdict, which began ``onsets`` times; ``delay`` is in
    windows after the change until there is one, inf: never, None: there is no change.
    """

    windows: int
    false: int
    onsets: int
    delay: float | None


def any_column(said: Said) -> list[bool]:
    """A window with a drifted column is a verdict."""
    return [any(drifted for name, drifted in window.items() if name != WHOLE) for window in said]


def whole(said: Said) -> list[bool]:
    """What the peer says of the data as a whole."""
    return [window[WHOLE] for window in said]


def same_column(said: Said) -> list[bool]:
    """Our rule, on what the peer says of columns."""
    names = [name for name in said[0] if name != WHOLE]
    lasts = [said[max(0, end - OF) : end] for end in range(1, len(said) + 1)]
    return [any(sum(window[name] for window in last) >= NEEDED for name in names) for last in lasts]


READINGS: dict[str, dict[str, Reading]] = {
    "evidently": {"any column": any_column, "half of the columns": whole, "3 of 4, same column": same_column},
    "nannyml": {"any column": any_column, "3 of 4, same column": same_column},
}


def outcome(verdicts: Sequence[bool], stream: Stream) -> Outcome:
    """What a row of verdicts comes to. The window in which the world changes is not one before."""
    if stream.change is None:
        before, delay = len(verdicts), None
    else:
        change = stream.change / stream.window
        before = int(change)
        delay = next((place + 1 - change for place, said in enumerate(verdicts) if said and place + 1 > change), inf)
    onsets = sum(now and not was for was, now in pairwise([False, *verdicts[:before]]))
    return Outcome(before, sum(verdicts[:before]), onsets, delay)


def ours(stream: Stream) -> list[bool]:
    """Our own verdicts."""
    reference = reference_of(stream.reference)
    windows = reference.windows(stream.live, of=stream.window)
    return [ruling.verdict is Verdict.DRIFT for _, ruling in rulings(reference, windows)]


def stream_of(name: str, seed: int) -> Stream:
    """A named stream; where only the meaning of inputs changes, nothing does for who looks at inputs."""
    stream = STREAMS[name](seed)
    return replace(stream, change=None) if name in ONLY_MEANING_CHANGES else stream


def path_of(name: str, seed: int) -> Path:
    """Where the peers read a stream."""
    return WORK / f"{''.join(letter if letter.isalnum() else '_' for letter in name)}-{seed}.npz"


def save(stream: Stream, path: Path) -> None:
    """One stream as the peers read it."""
    arrays = {f"reference/{column}": values for column, values in stream.reference.features.items()}
    arrays |= {f"live/{column}": values for column, values in stream.live.features.items()}
    np.savez(path, window=np.array(stream.window), **arrays)  # type: ignore[arg-type]


def followed(name: str) -> dict[str, list[Outcome]]:
    """By detector and reading, the outcome of each seed; the peers have been there."""
    found: dict[str, list[Outcome]] = {}
    for seed in range(SEEDS):
        stream = stream_of(name, seed)
        found.setdefault(OURS, []).append(outcome(ours(stream), stream))
        for peer, readings in READINGS.items():
            said = json.loads(path_of(name, seed).with_suffix(f".{peer}.json").read_text())["said"]
            for reading, verdicts in readings.items():
                found.setdefault(f"{peer}, {reading}", []).append(outcome(verdicts(said), stream))
    return found


def measured(name: str, runs: dict[str, list[Outcome]]) -> list[Measurement]:
    """The figures of one stream, ours with the peers' beside it."""
    windows = sum(run.windows for run in runs[OURS])
    results = [
        _compared(
            f"{name}: of {windows} windows false",
            "windows",
            of=runs,
            figure=lambda some: sum(one.false for one in some),
        ),
        _compared(
            f"{name}: false verdicts begun", "verdicts", of=runs, figure=lambda some: sum(one.onsets for one in some)
        ),
    ]
    if runs[OURS][0].delay is not None:
        results += [
            _compared(f"{name}: found", "share", of=runs, figure=lambda some: len(_delays(some)) / len(some)),
            _compared(
                f"{name}: delay, median",
                "windows",
                of=runs,
                figure=lambda some: float(np.median(_delays(some) or [-1.0])),
            ),
        ]
    return results


def _delays(of: Sequence[Outcome]) -> list[float]:
    """Those of the streams whose change was found."""
    return [one.delay for one in of if one.delay is not None and isfinite(one.delay)]


def _compared(metric: str, unit: str, *, of: dict[str, list[Outcome]], figure: Figure) -> Measurement:
    peers = {who: float(figure(some)) for who, some in of.items() if who != OURS}
    return Measurement(metric, float(figure(of[OURS])), unit, peers=peers)


def _seconds(peer: str) -> float:
    """CPU of a peer for a window, a mean over all streams."""
    documents = [json.loads(path.read_text()) for path in WORK.glob(f"*.{peer}.json")]
    return float(sum(one["seconds"] for one in documents) / sum(len(one["said"]) for one in documents))


def main() -> bool:
    """Run it; there are no budgets."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name in STREAMS:
        for seed in range(SEEDS):
            save(stream_of(name, seed), path_of(name, seed))
    python = str(peer_python("drift"))
    for peer in READINGS:
        subprocess.run([python, str(SCRIPT), peer, str(WORK)], check=True)
    results = [result for name in STREAMS for result in measured(name, followed(name))]
    results += [Measurement(f"{peer}: a window", _seconds(peer) * 1e3, "ms CPU") for peer in READINGS]
    write("drift_peers", results)
    for path in WORK.glob("*.npz"):
        path.unlink()
    return True
