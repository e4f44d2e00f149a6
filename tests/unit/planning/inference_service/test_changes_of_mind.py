"""Another version is wanted before the last one has arrived."""

from __future__ import annotations

from tests.unit.planning.inference_service.builders import a_service, a_version
from tests.unit.planning.inference_service.reading import events, named, shapes, told, versions_of
from tests.unit.planning.inference_service.simulation import NEVER, serving


def test_a_newer_version_in_the_middle_takes_the_place_of_a_canary_that_never_served() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.startup_of["2"] = NEVER
    cluster.versions.append(a_version(2))
    cluster.advance(3)

    cluster.versions.append(a_version(3))
    cluster.reconcile()
    assert versions_of(cluster) == {"stable": "1", "canary": "3", "draining": ("2",)}
    cluster.settle()

    assert versions_of(cluster) == {"stable": "3", "canary": None, "draining": ()}
    assert events(cluster) == ["Deploying", "Superseded", "Deploying", "Switched", "Drained", "Drained"]


def test_a_newer_version_before_the_switch_is_confirmed_takes_the_requests_back_first() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.lag = NEVER
    cluster.advance(10)
    assert cluster.selected() == named(cluster, "canary")

    cluster.versions.append(a_version(3))
    cluster.reconcile()
    assert cluster.selected() == named(cluster, "stable")
    assert versions_of(cluster) == {"stable": "1", "canary": "3", "draining": ("2",)}
    cluster.lag = 1
    cluster.settle()

    assert versions_of(cluster) == {"stable": "3", "canary": None, "draining": ()}
    assert events(cluster)[:3] == ["Deploying", "Superseded", "Deploying"]


def test_pinning_the_version_that_serves_again_drops_the_canary() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service(version="1"))
    cluster.startup_of["2"] = NEVER
    cluster.change(a_service(version="2"))
    cluster.advance(3)

    cluster.change(a_service(version="1"))
    cluster.settle()

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert shapes(cluster) == ["Create Deployment", "Delete Deployment"]
    assert told(cluster)["UpToDate"] == "True/NewerVersionAvailable"


def test_a_version_that_drains_is_taken_back_with_the_pods_it_still_has() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service(version="1"))
    cluster.change(a_service(version="2"))
    while not cluster.resource.status.draining:
        cluster.advance()
    cluster.writes.clear()

    cluster.change(a_service(version="1"))
    cluster.settle()

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert "Create Deployment" not in shapes(cluster)


def test_versions_that_come_faster_than_pods_go_wait_their_turn() -> None:
    cluster = serving([a_version(1)], a_service())

    for number in range(2, 20):
        cluster.versions.append(a_version(number))
        cluster.reconcile()
    assert len(cluster.resource.status.draining) == 8  # all that a status holds
    cluster.settle()

    assert versions_of(cluster) == {"stable": "19", "canary": None, "draining": ()}
