"""From rows to a verdict: the profile that a pod builds, the server that counts, the operator's judge."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leeboard.monitoring.cells import Cells
from leeboard.monitoring.drift import DEFAULTS, Case, QualityVerdict, Standing, calibrated, judge, judge_quality
from leeboard.monitoring.profile import Kind, Profile, Task
from leeboard.monitoring.reports import cells_of, profile_of
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column
from tests.integration.runtime.test_monitoring import told
from tests.integration.runtime.test_profile import people, profile

pytestmark = pytest.mark.integration


def send(server: ModelServer, rows: pd.DataFrame) -> None:
    """Hundred rows a request."""
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        answer = server.infer(
            column("age", "FP64", *part["age"].tolist()),
            column("income", "FP64", *part["income"].tolist()),
            column("visits", "INT64", *part["visits"].tolist()),
        )
        assert answer.status_code == 200, answer.text


def test_what_drifted_is_named_and_what_is_broken_is_said(models: Path, tmp_path: Path, start: StartServer) -> None:
    rows = people(4000)
    ended = profile(models / "linear", rows, tmp_path, "--time-column", "seen", "--target", "repaid")
    assert ended.code == 0, ended.errors
    read = Profile.from_json((tmp_path / "profile.json").read_bytes())
    assert (read.task, read.features, read.kinds) == (Task.BINARY, ("age", "income", "visits"), (Kind.NUMERIC,) * 3)
    assert read.digest == ended.message["digest"]
    assert int(read.reference.counts.sum()) == 5 * 4000
    server = start("linear", "--profile", str(tmp_path / "profile.json"))

    def counted() -> Cells:
        member = json.loads(json.dumps(told(server)["cells"]))
        assert profile_of(member) == read.digest
        return cells_of(member, read)

    before = counted()
    send(server, rows[:2000])
    same = counted()
    random = np.random.default_rng(1)
    send(server, rows[:2000].assign(age=lambda frame: frame["age"] + 12 + random.normal(0, 1, len(frame)).round(1)))
    older = counted()
    send(server, rows[:500].assign(income=lambda frame: frame["income"] * 1000))
    scaled = counted()

    calm, moved = (
        judge(Case(read, calibrated(read, 2000), window, DEFAULTS)) for window in (same - before, older - same)
    )
    assert [int(one) for one in calm.features] == [Standing.STABLE] * 3
    assert [int(one) for one in moved.features] == [Standing.DRIFTED, Standing.STABLE, Standing.STABLE]
    assert judge_quality(read, same - before, DEFAULTS).verdict is QualityVerdict.GOOD
    broken = judge_quality(read, scaled - older, DEFAULTS)
    assert (broken.verdict, broken.faults(read)) == (QualityVerdict.BROKEN, (("income", "outside"),))
