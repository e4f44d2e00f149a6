"""What a person asks of a service: done once, or refused with a sentence and the next step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from leeboard.api.conditions import timestamp
from leeboard.api.resource import ManagedFields, Manifest
from leeboard.api.rollout import Rollback
from leeboard.api.verbs import REQUEST
from tests.unit.planning.inference_service.builders import DEFAULTS, a_version
from tests.unit.planning.inference_service.reading import events, told, versions_of
from tests.unit.planning.inference_service.rolling import (
    TWO_STEPS,
    a_rollout,
    ask,
    course,
    failed,
    history,
    part,
    rolling,
    the_service,
    until,
    weights,
    where,
)
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster, serving

KEEPING = a_rollout({"weight": 10, "for": "10s"}, rollback=Rollback(keep_warm="10m"))


def promoted(*, rollback: Rollback | None = None) -> SimulatedCluster:
    """Version 2 serves after version 1, which is kept."""
    rollout = KEEPING if rollback is None else a_rollout({"weight": 10, "for": "10s"}, rollback=rollback)
    cluster = rolling(rollout)
    until(cluster, "settled")
    cluster.writes.clear()
    cluster.notices.clear()
    return cluster


def test_promote_skips_the_steps_that_are_left() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")

    assert ask(cluster, "promote") == "Done: version 2 is promoted without further steps"
    assert course(cluster)[0].startswith("2 Promotion")

    entry = cluster.resource.status.history[0]
    assert (entry.outcome, entry.version, entry.by) == ("Promoted", "2", "ann")


def test_abort_takes_the_requests_back_at_once_and_the_unchanged_spec_does_not_start_it_again() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "1 Weight Observing")

    assert ask(cluster, "abort") == "Done: requests go back to version 1"
    cluster.advance()
    assert weights(cluster) == {"1": 100}
    cluster.advance(60)

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert failed(cluster) == ["2 ByAPerson"]
    assert told(cluster)["UpToDate"] == "False/Aborted"
    assert cluster.resource.status.history[0].by == "ann"


def test_an_upgrade_of_the_operator_does_not_start_a_failed_version_again() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "1 Weight Observing")
    ask(cluster, "abort")
    course(cluster)

    cluster.defaults = replace(DEFAULTS, runtime_image="runtime:2")
    cluster.advance(20)

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}


def test_retry_starts_a_failed_version_at_its_first_step() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "1 Weight Observing")
    ask(cluster, "abort")
    course(cluster)

    assert ask(cluster, "retry") == "Done: version 2 starts again at its first step"
    assert where(cluster).startswith("0 Weight Scaling")
    course(cluster)

    assert part(cluster, "stable") == "2"
    assert failed(cluster) == []


def test_pause_stops_where_it_is_and_resume_goes_on() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")

    assert ask(cluster, "pause") == "Done: resume goes on"
    cluster.advance(100)
    assert where(cluster) == "0 Weight Paused 10/10"
    assert told(cluster)["Progressing"] == "True/Paused"
    assert cluster.resource.status.phase == "Paused"
    assert ask(cluster, "pause").startswith("Refused: it is paused since")
    assert ask(cluster, "resume") == "Done: it goes on"
    course(cluster)

    assert part(cluster, "stable") == "2"
    assert cluster.resource.status.paused is None


def test_a_rollout_that_is_paused_before_its_share_gets_none() -> None:
    cluster = rolling(TWO_STEPS)
    cluster.advance()

    ask(cluster, "pause")
    cluster.advance(50)

    assert where(cluster) == "0 Weight Paused 10/0"
    assert weights(cluster) == {"1": 100}


def test_skip_step_goes_to_the_next_one() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")

    assert ask(cluster, "skip-step") == "Done: step 1 of 2 is skipped"

    assert where(cluster).startswith("1 Weight Scaling")


def test_rollback_goes_to_the_kept_version_with_capacity_first_and_without_steps() -> None:
    cluster = promoted()
    assert [item.version for item in cluster.resource.status.previous] == ["1"]

    assert ask(cluster, "rollback") == "Done: from version 2 to version 1: pods first, then the requests"
    places = course(cluster)

    assert {place.split()[1] for place in places if place != "settled"} == {"Promotion"}
    assert part(cluster, "stable") == "1"
    assert history(cluster)[0] == "1 RolledBack"
    assert cluster.resource.status.history[0].by == "ann"
    assert failed(cluster) == ["2 RolledBack"]
    assert told(cluster)["UpToDate"] == "False/RolledBack"
    assert cluster.resource.status.phase == "RolledBack"
    cluster.advance(30)
    assert part(cluster, "stable") == "1"


def test_rollback_to_a_version_whose_pods_are_gone_waits_for_its_pods() -> None:
    cluster = promoted(rollback=Rollback(keep_warm="1s"))
    cluster.advance(20)
    assert len(cluster.deployments) == 1
    cluster.startup_of["1"] = 25

    ask(cluster, "rollback")
    cluster.advance(20)
    assert weights(cluster) == {"2": 100}
    assert where(cluster) == "0 Promotion Scaling 100/0"
    course(cluster)

    assert part(cluster, "stable") == "1"
    assert weights(cluster) == {"1": 100}


def test_rollback_is_refused_when_the_files_of_every_version_before_are_gone() -> None:
    cluster = promoted()
    cluster.versions = [item for item in cluster.versions if item.spec.version == "2"]

    answer = ask(cluster, "rollback")
    cluster.advance(5)

    assert answer == (
        "Refused: there is nothing to go back to: version 1 is gone. Version 2 goes on serving; pin another one by"
        " spec.model.version"
    )
    assert part(cluster, "stable") == "2"


def test_a_second_rollback_goes_further_back_and_not_to_the_version_that_was_left() -> None:
    cluster = promoted()
    cluster.versions.append(a_version(3))
    until(cluster, "0 Weight Observing")
    until(cluster, "settled")

    ask(cluster, "rollback")
    until(cluster, "settled")
    ask(cluster, "rollback", identity="again")
    until(cluster, "settled")

    assert part(cluster, "stable") == "1"
    assert failed(cluster) == ["2 RolledBack", "3 RolledBack"]


def test_a_rollback_that_is_aborted_leaves_both_versions_in_good_standing() -> None:
    cluster = promoted(rollback=Rollback(keep_warm="1s"))
    cluster.advance(20)
    cluster.startup_of["1"] = NEVER
    ask(cluster, "rollback")
    cluster.advance(3)

    assert ask(cluster, "abort").startswith("Done")
    cluster.advance(20)

    assert failed(cluster) == []
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}
    assert told(cluster)["UpToDate"] == "True/UpToDate"


def test_pinning_a_version_before_skips_the_steps_inside_the_window_only() -> None:
    for window, expected in ((3, "0 Promotion"), (0, "0 Weight")):
        rollout = a_rollout({"weight": 10, "for": "10s"}, rollback=Rollback(keep_warm="10m", window=window))
        cluster = serving([a_version(1), a_version(2)], the_service(rollout, version="1"))
        cluster.change(the_service(rollout, version="2"))
        until(cluster, "settled")

        cluster.change(the_service(rollout, version="1"))
        cluster.advance()

        assert where(cluster).startswith(expected)


def test_restart_moves_the_same_version_to_new_pods_on_the_present_image() -> None:
    cluster = promoted()
    before = cluster.resource.status.stable

    assert ask(cluster, "restart") == "Done: version 2 moves to new pods on runtime:1"
    until(cluster, "settled")
    cluster.advance(20)

    after = cluster.resource.status.stable
    assert before is not None
    assert after is not None
    assert (after.version, after.name == before.name) == ("2", False)
    assert history(cluster)[0] == "2 Restarted"
    assert told(cluster)["UpToDate"] == "True/UpToDate"
    assert [item.version for item in cluster.resource.status.previous] == ["1"]
    assert before.deployment not in cluster.deployments


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("promote", "Refused: no rollout is under way"),
        ("abort", "Refused: no rollout is under way"),
        ("pause", "Refused: no rollout is under way"),
        ("resume", "Refused: it is not paused"),
        ("retry", "Refused: the version that the spec asks for has not failed"),
        ("skip-step", "Refused: no rollout is under way"),
        ("rollback", "Refused: no version served before this one"),
        ("reboot", "Refused: it must read VERB/ID/REVISION"),
    ],
)
def test_on_a_settled_service_there_is_nothing_to(verb: str, expected: str) -> None:
    cluster = serving([a_version(1)], the_service(TWO_STEPS))

    assert ask(cluster, verb).startswith(expected)
    assert events(cluster) == ["RequestRefused"]
    assert cluster.is_settled()


@pytest.mark.parametrize("verb", ["rollback", "restart", "retry"])
def test_while_a_rollout_is_under_way_there_is_no(verb: str) -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")

    assert ask(cluster, verb).startswith("Refused")
    assert where(cluster) == "0 Weight Observing 10/10"


def test_a_request_counts_once() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")

    ask(cluster, "skip-step", identity="a1")
    ask(cluster, "skip-step", identity="a1")

    assert where(cluster).startswith("1 Weight")
    assert events(cluster).count("RequestDone") == 1


def test_a_request_aimed_at_another_revision_is_refused() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")
    canary, stable = cluster.resource.status.canary, cluster.resource.status.stable
    assert canary is not None
    assert stable is not None

    assert ask(cluster, "abort", revision=stable.name, identity="a").startswith("Refused: it was aimed at revision")
    assert ask(cluster, "abort", revision=canary.name, identity="b").startswith("Done")


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(minutes=9), "Done", id="younger than ten minutes"),
        pytest.param(timedelta(minutes=11), "Expired", id="older"),
        pytest.param(None, "Done", id="of an unknown age"),
    ],
)
def test_a_request_expires(age: timedelta | None, expected: str) -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")
    fields: Manifest = {"f:metadata": {"f:annotations": {f"f:{REQUEST}": {}}}}
    at = None if age is None else timestamp(cluster.now - age)
    entries = (ManagedFields(time=timestamp(cluster.now)), ManagedFields(time=at, fields_v1=fields))
    metadata = cluster.resource.metadata.model_copy(update={"managed_fields": entries})
    cluster.resource = cluster.resource.model_copy(update={"metadata": metadata})

    assert ask(cluster, "abort").startswith(expected)


def test_previous_versions_are_kept_up_to_five_and_what_is_beyond_goes() -> None:
    rollout = a_rollout(rollback=Rollback(keep_warm="1h"))
    cluster = serving([a_version(1)], the_service(rollout, replicas=1))

    for number in range(2, 9):
        cluster.versions.append(a_version(number))
        until(cluster, "0 Promotion")
        until(cluster, "settled")
    cluster.advance(20)

    assert [item.version for item in cluster.resource.status.previous] == ["7", "6", "5", "4", "3"]
    assert len(cluster.deployments) == 6
