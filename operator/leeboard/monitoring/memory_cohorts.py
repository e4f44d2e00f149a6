"""Cohorts of labels and the bets on them as JSON and back, exactly."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from itertools import pairwise
from typing import Any

import numpy as np

from leeboard.monitoring.cells import Counts
from leeboard.monitoring.cohorts import ENTRY, Cohort, Cohorts, Entries, Process, Sample
from leeboard.monitoring.fairness.recall import Recall
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.packed import pack, unpack
from leeboard.monitoring.performance.progress import EXCESSES, Course, Progress


def cohorts_json(cohorts: Cohorts) -> dict[str, Any]:
    """Columns of the labels are packed one by one."""
    return {
        "open": {str(start): _cohort_json(one) for start, one in cohorts.open.items()},
        "matured": pack(_steps(sorted(cohorts.matured))),
        "processes": {name: [one.cursor, one.through] for name, one in cohorts.processes.items()},
    }


def cohorts_of(document: dict[str, Any]) -> Cohorts:
    """What ``cohorts_json`` was given; raises ValueError, TypeError or KeyError."""
    return Cohorts(
        open={int(start): _cohort(one) for start, one in document["open"].items()},
        matured=frozenset(map(int, np.cumsum(unpack(document["matured"])))),
        processes={str(name): Process(int(one[0]), int(one[1])) for name, one in document["processes"].items()},
    )


def progress_json(progress: Progress) -> dict[str, Any]:
    """Wealth is in single precision, so that its text is exact; counts are whole."""
    return {
        "metric": progress.metric.value,
        "course": progress.course.value,
        "wealth": [float(f"{number:.9g}") for number in progress.wealth],
        "shape": list(progress.counts.shape),
        "counts": pack(progress.counts.ravel().astype(np.int64)),
        "waiting": pack(progress.waiting.ravel().astype(np.int64)),
        "total": pack(progress.total.ravel().astype(np.int64)),
    }


def progress_of(document: dict[str, Any]) -> Progress:
    """What ``progress_json`` was given."""
    strata, values = (int(number) for number in document["shape"])
    wealth = np.array([float(number) for number in document["wealth"]])
    if wealth.shape != EXCESSES.shape or not np.isfinite(wealth).all():
        raise ValueError("not a wealth")
    counts, waiting, total = (
        unpack(document[name]).reshape(strata, values).astype(np.float64) for name in ("counts", "waiting", "total")
    )
    return Progress(
        Metric(document["metric"]),
        Course(document["course"]),
        wealth.astype(np.float32).astype(np.float64),
        counts,
        waiting,
        total,
    )


def recall_json(recall: Recall) -> dict[str, Any]:
    """``phi`` is in single precision, so that its text is exact."""
    return {
        "column": recall.column,
        "values": list(recall.values),
        "favourable": recall.favourable,
        "counts": recall.counts.tolist(),
        "phi": float(f"{recall.phi:.9g}"),
    }


def recall_of(document: dict[str, Any]) -> Recall:
    """What ``recall_json`` was given."""
    values, favourable = tuple(map(str, document["values"])), document["favourable"]
    counts = np.array(document["counts"], np.int64).reshape(len(values), 2)
    phi = float(document["phi"])
    if counts.min() < 0 or bool((counts[:, 1] > counts[:, 0]).any()) or not phi >= 1:
        raise ValueError("these are no labels of groups")
    return Recall(
        str(document["column"]),
        values,
        None if favourable is None else str(favourable),
        counts,
        float(np.float32(phi)),
    )


def _steps(numbers: list[int]) -> Counts:
    return np.array([one - before for before, one in pairwise([0, *numbers])], np.int64)


def _cohort_json(cohort: Cohort) -> dict[str, Any]:
    return {
        "below": f"{cohort.sample.below:x}",
        "labels": _columns(cohort.sample.entries),
        "total": list(cohort.total),
        "serving": {name: list(row) for name, row in cohort.serving.items()},
    }


def _cohort(document: dict[str, Any]) -> Cohort:
    return Cohort(
        Sample(_entries(document["labels"]), int(document["below"], 16)),
        tuple(map(int, document["total"])),
        {str(name): tuple(map(int, row)) for name, row in document["serving"].items()},
    )


def _columns(entries: Entries) -> str:
    """Bytes of each column by place value: what is equal from label to label lies side by side."""
    parts = [
        np.ascontiguousarray(entries[name]).view(np.uint8).reshape(len(entries), ENTRY[name].itemsize).T.tobytes()
        for name in ENTRY.names or ()
    ]
    return b64encode(zlib.compress(b"".join(parts), 9)).decode()


def _entries(text: str) -> Entries:
    try:
        data = zlib.decompress(b64decode(text, validate=True))
    except zlib.error as error:
        raise ValueError(str(error)) from None
    number, rest = divmod(len(data), ENTRY.itemsize)
    if rest:
        raise ValueError("not labels")
    entries, start = np.zeros(number, ENTRY), 0
    for name in ENTRY.names or ():
        size = ENTRY[name].itemsize
        column = np.frombuffer(data[start : start + number * size], np.uint8).reshape(size, number).T
        entries[name] = np.ascontiguousarray(column).view(ENTRY[name]).ravel()
        start += number * size
    return entries
