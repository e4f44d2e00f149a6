"""Strategy Replace: there is no room for two versions, so the old one goes first and nothing answers meanwhile."""

from __future__ import annotations

from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.reading import told, versions_of
from tests.unit.planning.inference_service.rolling import REPLICAS, a_rollout, ask, course, failed, the_service
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster, serving


def replacing() -> SimulatedCluster:
    """Version 1 serves alone, version 2 is wanted."""
    cluster = serving([a_version(1)], the_service(a_rollout(strategy="Replace"), REPLICAS, replicas=2))
    cluster.versions.append(a_version(2))
    return cluster


def test_the_old_version_goes_before_the_new_one_has_a_pod() -> None:
    cluster = replacing()
    most = 0

    for _ in range(40):
        cluster.advance()
        most = max(most, len(cluster.pods))

    assert most == 2
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}
    assert set(cluster.answering()) == {"car-loan-v2"}


def test_while_nothing_answers_it_says_why() -> None:
    cluster = replacing()
    cluster.startup_of["2"] = NEVER

    cluster.advance(10)

    assert told(cluster)["Serving"] == "False/Replacing"
    assert told(cluster)["Ready"] == "False/Replacing"
    assert told(cluster)["Progressing"] == "True/Replacing"
    serving_now = cluster.resource.status.conditions[3].message
    assert serving_now == "version 1 gave way, there is no room for both: version 2: 0 of 2 pods ready"


def test_an_abort_brings_the_old_version_back() -> None:
    cluster = replacing()
    cluster.startup_of["2"] = NEVER
    cluster.advance(10)

    assert ask(cluster, "abort").startswith("Done")
    course(cluster)

    assert failed(cluster) == ["2 ByAPerson"]
    assert set(cluster.answering()) == {"car-loan-v1"}
