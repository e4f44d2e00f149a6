"""Segments and groups from the spec to what is reported: the pod's arguments, its counters and labels, the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.api.monitoring import Monitoring
from leeboard.metrics import Metrics
from leeboard.monitoring.cells import PodReport
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Report, Subject, Watch, advanced, cursors, judged
from leeboard.planning.monitoring.settings import settings_of
from leeboard.planning.serving.pod import slice_arguments
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column
from tests.integration.runtime.test_counters_contract import a_pod
from tests.integration.runtime.test_monitoring import CREDENTIAL, KEYS
from tests.integration.runtime.test_profile import people, profile

pytestmark = pytest.mark.integration
SPEC = Monitoring.model_validate(
    {
        "segments": [{"column": "visits", "values": ["2", "1", "77"]}],
        "groups": [{"column": "visits", "values": ["1", "2", "9"]}],
    }
)


@dataclass
class Operator:
    """What watches one pod; its clock is moved by hand."""

    server: ModelServer
    profile: Profile
    watch: Watch = field(default_factory=Watch)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def look(self, *, hours: float = 0.0) -> Report:
        """One poll, so much later."""
        self.now += timedelta(hours=hours)
        subject = Subject({"r3": self.profile}, settings_of(SPEC), "r3")
        self.watch = advanced(self.watch, asyncio.run(self._asked()), subject, now=self.now)
        self.watch = judged(self.watch, subject, {"r3": self.profile}, now=self.now)
        return self.watch.reports.get("r3", Report())

    async def _asked(self) -> Mapping[str, PodReport]:
        http = HttpClient(connections=1)
        pod = a_pod("one", self.server.metrics_port)
        known = cursors(self.watch) or dict.fromkeys(("one",), None)
        wanted = {name: cursor for name, cursor in known.items() if cursor is not None}
        found = await PodCounters(http, Metrics(), steady=steady_seconds).cells(
            [pod], profiles={"r3": self.profile}, cursors=wanted
        )
        await http.close()
        report = found["one"]
        assert isinstance(report, PodReport), report
        return {"one": report}


def send(server: ModelServer, rows: pd.DataFrame) -> list[tuple[str, int]]:
    """Hundred rows a request; the token and the predicted class of each row."""
    told: list[tuple[str, int]] = []
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        answer = server.infer(
            column("age", "FP64", *part["age"].tolist()),
            column("income", "FP64", *part["income"].tolist()),
            column("visits", "INT64", *part["visits"].tolist()),
        ).json()
        scores = answer["outputs"][0]["data"][1::2]
        told += zip(answer["parameters"]["leeboard_token"].split(","), (int(s >= 0.5) for s in scores), strict=True)
    return told


def label(server: ModelServer, labels: Sequence[tuple[str, int]]) -> None:
    body = [{"token": token, "label": value} for token, value in labels]
    headers = {"Authorization": f"Bearer {CREDENTIAL}"}
    for start in range(0, len(body), 1000):
        url = f"{server.url}/feedback"
        httpx.post(url, json=body[start : start + 1000], headers=headers, timeout=30).raise_for_status()


def test_what_is_declared_is_counted_judged_and_reported(models: Path, tmp_path: Path, start: StartServer) -> None:
    rows = people(6000)
    ended = profile(models / "linear", rows, tmp_path, "--time-column", "seen", "--target", "repaid")
    assert ended.code == 0, ended.errors
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "2026").write_text(KEYS[0])
    (tmp_path / "credential").write_text(CREDENTIAL)
    server = start(
        "linear", "--name", "car-loan", "--revision", "r3", "--profile", str(tmp_path / "profile.json"),
        "--token-keys", str(tmp_path / "keys"), "--feedback-credential", str(tmp_path / "credential"),
        *slice_arguments(SPEC),
    )  # fmt: skip
    operator = Operator(server, Profile.from_json((tmp_path / "profile.json").read_bytes()))
    operator.look()
    operator.look(hours=0.01)

    richer = rows[:4000].assign(income=lambda frame: frame["income"] * np.where(frame["visits"] == 2, 4.0, 1.0))
    told = send(server, richer)
    # Labels: who was given the favourable answer deserved it, and so did one in three of the others who came once.
    once = (richer["visits"] == 1).to_numpy()
    label(server, [(token, int(given or (one and row % 3 == 0)))
                   for row, ((token, given), one) in enumerate(zip(told, once, strict=True))])  # fmt: skip
    operator.look(hours=0.01)
    found = operator.look(hours=24)

    assert found.drift is not None
    assert [(one.value, one.standing.value) for one in found.drift.segments] == [
        ("2", "Drifted"),
        ("1", "Stable"),
        ("77", "NoReference"),
    ]
    ones, twos, nines = found.drift.groups
    expected = {visits: int((richer["visits"] == visits).sum()) for visits in (1, 2, 9)}
    assert (ones.rows, twos.rows, nines.rows) == (expected[1], expected[2], expected[9])
    assert (ones.standing.value, twos.standing.value, nines.standing.value) == ("Basis", "Differs", "TooFewRows")
    given = np.array([one for _, one in told])
    assert ones.rate is not None
    assert twos.rate is not None
    assert float(ones.rate[0]) == pytest.approx(given[once].mean(), abs=1e-4)
    assert float(twos.rate[0]) == pytest.approx(given[(richer["visits"] == 2).to_numpy()].mean(), abs=1e-4)
    assert found.performance is not None
    recall = {one.value: one for one in found.performance.groups}
    assert (recall["1"].standing.value, recall["2"].standing.value) == ("Basis", "Differs")
    assert recall["2"].rate is not None
    assert float(recall["2"].rate[0]) == 1.0
