"""The result file of one benchmark, in the one format that everything else reads."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "bench"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure, with its budget where it has one; ``ok`` is None without a budget."""

    metric: str
    value: float
    unit: str
    budget: float | None = None
    direction: Literal["max", "min"] = "max"
    peers: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool | None:
        """Whether the budget holds: at most it for ``max``, at least it for ``min``."""
        if self.budget is None:
            return None
        return self.value <= self.budget if self.direction == "max" else self.value >= self.budget


def machine() -> dict[str, str | int]:
    """What it was measured on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "kernel": platform.release(),
    }


def write(name: str, results: list[Measurement]) -> Path:
    """Write ``build/bench/<name>.json`` and print its lines."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    document = {
        "name": name,
        "date": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "results": [asdict(result) | {"ok": result.ok} for result in results],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    for result in results:
        verdict = {True: "ok", False: "MISSED", None: ""}[result.ok]
        bound = "" if result.budget is None else f" ({result.direction} {result.budget:g})"
        print(f"{result.metric:60s} {result.value:>12.4g} {result.unit:10s}{bound} {verdict}")
    print(path.relative_to(ROOT))
    return path
