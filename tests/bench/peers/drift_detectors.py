"""Evidently and NannyML on the windows of a stream, with their defaults: which columns each says drifted, by window.

Runs in the peers' environment: `python drift_detectors.py evidently|nannyml FOLDER` reads the streams `FOLDER/*.npz`
(arrays `reference/<column>`, `live/<column>` and `window`) and writes `FOLDER/<stream>.<peer>.json`.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ |= {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}

import numpy as np
import pandas as pd

Drifted = Iterator[dict[str, bool]]
"""Window by window, what is said of each column; of the data as a whole under the empty name."""


def evidently(reference: pd.DataFrame, live: pd.DataFrame, window: int) -> Drifted:
    """The tests that `DataDriftPreset` takes by default; the data drift where half of the columns do.

    They are called directly, as a report draws its plots too: seconds for a window. The first window's report must say
    the same of each column.
    """
    from evidently.legacy.calculations.stattests import get_stattest  # noqa: PLC0415 - each peer loads its own alone

    kinds = {name: "num" if reference[name].dtype.kind == "f" else "cat" for name in reference}
    for start in range(0, len(live) - window + 1, window):
        seen = live.iloc[start : start + window]
        said, scores = {}, {}
        for name, kind in kinds.items():
            test = get_stattest(reference[name], seen[name], kind, None)
            result = test(reference[name], seen[name], kind, None)
            said[name], scores[name] = bool(result.drifted), float(result.drift_score)
        if start == 0:
            _check(reference, seen.reset_index(drop=True), scores)
        yield said | {"": sum(said.values()) >= len(said) / 2}


def _check(reference: pd.DataFrame, seen: pd.DataFrame, scores: dict[str, float]) -> None:
    """Raise where the report of a window says something else."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415
    from evidently.presets import DataDriftPreset  # noqa: PLC0415

    numbers = [name for name in reference if reference[name].dtype.kind == "f"]
    others = [name for name in reference if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=others)
    both = [Dataset.from_pandas(rows, data_definition=definition) for rows in (seen, reference)]
    metrics = Report([DataDriftPreset()]).run(both[0], both[1]).dict()["metrics"]
    told = {metric["config"]["column"]: float(metric["value"]) for metric in metrics[1:]}
    if told.keys() != scores.keys() or not all(np.isclose(told[name], scores[name]) for name in scores):
        raise RuntimeError(f"the report says {told}, the tests alone {scores}")


def nannyml(reference: pd.DataFrame, live: pd.DataFrame, window: int) -> Drifted:
    """`UnivariateDriftCalculator`: Jensen-Shannon, three standard deviations over the reference's own chunks."""
    from nannyml import UnivariateDriftCalculator  # noqa: PLC0415

    names = list(reference)
    calculator = UnivariateDriftCalculator(column_names=names, chunk_size=window).fit(reference)
    rows = live.iloc[: len(live) // window * window]
    found = calculator.calculate(rows).filter(period="analysis").to_df()
    alerts = {name: found[name, "jensen_shannon", "alert"].tolist() for name in names}
    for index in range(len(rows) // window):
        yield {name: bool(alerts[name][index]) for name in names}


PEERS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, int], Drifted]] = {"evidently": evidently, "nannyml": nannyml}


def main(peer: str, folder: Path) -> None:
    """Every stream in the folder."""
    warnings.simplefilter("ignore")
    for path in sorted(folder.glob("*.npz")):
        arrays = np.load(path)
        frames = [
            pd.DataFrame({name.removeprefix(part): arrays[name] for name in arrays.files if name.startswith(part)})
            for part in ("reference/", "live/")
        ]
        begun = time.process_time()
        said = list(PEERS[peer](frames[0], frames[1], int(arrays["window"])))
        seconds = time.process_time() - begun
        path.with_suffix(f".{peer}.json").write_text(json.dumps({"said": said, "seconds": seconds}))
        print(f"{peer} {path.stem}: {len(said)} windows, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
