"""The examples' stories keep their promises, and their files say so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.api import Cluster
from tests.stories.record import path_of
from tests.support.kubectl import Kubectl

CHECKOUT = Path(__file__).resolve().parents[2]
WARM_SECONDS = 180


def tell(name: str, cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """Tell a story on the cluster that is already up."""
    assert cluster.kubeconfig.exists()
    path_of(name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.stories", name]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="module")
def told(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """The first story, told once."""
    return tell("01-car-loan", cluster)


@pytest.fixture(scope="module")
def canary_told(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """The second story, told once."""
    return tell("02-canary", cluster)


@pytest.fixture(scope="module")
def drift_told(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    """The third story, told once."""
    return tell("03-drift", cluster)


def test_the_car_loan_story_is_told_without_a_failed_request(told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 0, f"{told.stdout[-6000:]}\n{told.stderr[-12000:]}"
    story = json.loads(path_of("01-car-loan").read_text(encoding="utf-8"))
    figures = story["figures"]

    assert story["ok"]
    assert (figures["requestsFailed"], figures["loadFailed"]) == (0, 0)
    assert figures["loadSent"] > 500
    assert sorted(figures["loadByVersion"]) == sorted([figures["firstVersion"], figures["secondVersion"]])
    assert figures["secondAccuracyServed"] > figures["firstAccuracyServed"] + 0.01
    assert figures["firstDigest"] != figures["secondDigest"]
    assert [figures[f"{which}ProfileRows"] for which in ("first", "second")] == [10_000, 10_000]
    assert [figures[f"{which}InputsMonitored"] for which in ("first", "second")] == [7, 7]


def test_the_story_is_short_on_a_warm_cluster(told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 0
    story = json.loads(path_of("01-car-loan").read_text(encoding="utf-8"))

    assert sum(phase["seconds"] for phase in story["phases"]) < WARM_SECONDS


def test_the_printed_columns_tell_a_newcomer_what_happened(
    told: subprocess.CompletedProcess[str], kubectl: Kubectl
) -> None:
    assert told.returncode == 0
    lines = kubectl.run("get", "tj,mv,lbsvc", "-n", "car-loan").splitlines()

    columns = [line.split() for line in lines if line.strip()]
    names = {row[0] for row in columns}
    assert {"trainingjob.leeboard.dev/car-loan", "trainingjob.leeboard.dev/car-loan-deeper"} <= names
    assert "inferenceservice.leeboard.dev/car-loan" in names
    assert sum("Succeeded" in row for row in columns) == 2


def test_a_bad_version_reaches_nobody_and_a_good_one_everybody(canary_told: subprocess.CompletedProcess[str]) -> None:
    assert canary_told.returncode == 0, f"{canary_told.stdout[-6000:]}\n{canary_told.stderr[-12000:]}"
    story = json.loads(path_of("02-canary").read_text(encoding="utf-8"))
    figures = story["figures"]

    assert (story["ok"], figures["requestsFailed"], figures["badVersionAnswersToUsers"]) == (True, 0, 0)
    assert (figures["badVersionReason"], figures["badVersionFailedShare"] > 0.05) == ("CheckFailed", True)
    assert figures["requestsByVersion"].keys() == figures["goodVersionAnswers"].keys()
    assert figures["goodVersion"] in figures["requestsByVersion"]
    assert figures["secondsFromDecisionToRollback"] < 5
    assert abs(figures["measuredAt10Percent"] - 0.1) < 0.06
    assert abs(figures["measuredAt50Percent"] - 0.5) < 0.1


def test_a_change_of_the_world_is_noticed_learnt_once_and_served(drift_told: subprocess.CompletedProcess[str]) -> None:
    assert drift_told.returncode == 0, f"{drift_told.stdout[-6000:]}\n{drift_told.stderr[-12000:]}"
    story = json.loads(path_of("03-drift").read_text(encoding="utf-8"))
    figures = story["figures"]

    assert (story["ok"], figures["requestsFailed"], figures["jobsStarted"]) == (True, 0, 1)
    assert 25_000 < figures["verdictRow"] <= 27_000
    assert "car_value" in figures["drifted"].split(", ")
    assert figures["labelsAfterVerdict"] <= 1_000
    assert figures["regainedLow"] > 0
    assert figures["partRegained"] >= 0.5
    assert figures["accuracyAfterLow"] > figures["accuracyDuringHigh"]
    assert figures["requestsByVersion"].keys() == {figures["firstVersion"], figures["secondVersion"]}
