"""How a rollout ends before its last step, and what then serves."""

from __future__ import annotations

import pytest

from leeboard.api.resource import Manifest
from leeboard.api.traffic import Traffic
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service import needs
from tests.unit.planning.inference_service.builders import a_service, a_version, through
from tests.unit.planning.inference_service.reading import events, shape, shapes, told, versions_of
from tests.unit.planning.inference_service.rolling import (
    ERRORS,
    GATEWAY,
    REPLICAS,
    TWO_STEPS,
    a_rollout,
    ask,
    count,
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

CRASH: Manifest = {
    "containerStatuses": [
        {
            "name": "server",
            "ready": False,
            "state": {"terminated": {"exitCode": 1, "message": "boom", "reason": "Error"}},
        }
    ]
}
MEASURED = a_rollout({"weight": 50, "for": "20s"}, analysis=ERRORS)


def lose(cluster: SimulatedCluster, *, pods: int) -> None:
    """So many pods of version 2 do not answer any more."""
    mine = [
        name for name, pod in cluster.pods.items() if pod["metadata"]["labels"]["leeboard.dev/model-version"][-1] == "2"
    ]
    for name in mine[:pods]:
        cluster.born[name] = cluster.tick + NEVER
    cluster.step()


@pytest.mark.parametrize(
    ("pods", "expected"),
    [pytest.param(1, {"1": 75, "2": 25}, id="one of two"), pytest.param(2, {"1": 100}, id="both")],
)
def test_a_canary_that_loses_pods_loses_the_weight_that_they_carried_in_the_same_pass(
    pods: int, expected: dict[str, int]
) -> None:
    cluster = rolling(a_rollout({"weight": 50, "for": "1h"}))
    until(cluster, "0 Weight Observing")
    cluster.writes.clear()

    lose(cluster, pods=pods)
    cluster.reconcile()
    assert shapes(cluster)[0] == "Apply HTTPRoute"
    cluster.advance()

    assert weights(cluster) == expected
    assert where(cluster).startswith("0 Weight Scaling 50/")
    assert "WeightLowered" in events(cluster)


def test_a_canary_whose_pods_come_back_goes_on_with_its_step_from_the_beginning() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")
    lose(cluster, pods=1)
    cluster.advance(30)
    assert where(cluster) == "0 Weight Scaling 10/0"

    for name in cluster.born:
        cluster.born[name] = 0
    until(cluster, "0 Weight Observing")
    begun = cluster.tick
    until(cluster, "1 ")

    assert cluster.tick - begun == 10


def test_a_canary_that_crashes_under_requests_is_aborted_and_not_started_again() -> None:
    cluster = rolling(a_rollout({"weight": 60, "for": "1h"}))
    until(cluster, "0 Weight Observing")

    cluster.fail_pods(2, CRASH)
    cluster.advance(3)

    assert weights(cluster) == {"1": 100}
    assert failed(cluster) == ["2 CrashLoop"]
    assert history(cluster)[0] == "2 Aborted"
    cluster.advance(30)
    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert told(cluster)["UpToDate"] == "False/Aborted"
    assert told(cluster)["Ready"] == "True/Serving"
    assert cluster.resource.status.phase == "Aborted"


def test_a_canary_that_crashes_waits_for_a_person_when_the_spec_says_so() -> None:
    cluster = rolling(a_rollout({"weight": 60, "for": "1h"}, onFailure="Pause"))
    until(cluster, "0 Weight Observing")

    cluster.fail_pods(2, CRASH)
    cluster.advance(30)

    assert weights(cluster) == {"1": 100}
    assert where(cluster) == "0 Weight WaitingForPerson 60/0"
    assert failed(cluster) == []


def test_requests_go_to_the_canary_while_no_pod_of_stable_answers_and_back_afterwards() -> None:
    cluster = rolling(a_rollout({"weight": 10, "for": "1h"}))
    until(cluster, "0 Weight Observing")

    cluster.fail_pods(1, {})
    cluster.advance(2)
    assert weights(cluster) == {"2": 100}
    assert cluster.answering() == ["car-loan-v2"]
    assert ask(cluster, "abort").startswith("Refused: no pod of version 1 answers now")
    cluster.startup_of.clear()
    cluster.advance(5)

    assert weights(cluster) == {"1": 90, "2": 10}
    assert where(cluster) == "0 Weight Observing 10/10"


def test_a_third_version_takes_the_weight_of_the_second_before_its_pods_go_and_starts_at_the_first_step() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "1 Weight Observing")
    cluster.writes.clear()

    cluster.versions.append(a_version(3))
    cluster.reconcile()
    assert shapes(cluster)[:2] == ["Create Service", "Apply HTTPRoute"]
    assert "Delete Deployment" not in shapes(cluster)
    cluster.advance()
    assert weights(cluster) == {"1": 100}
    assert where(cluster) == "0 Weight Scaling 10/0"
    assert history(cluster)[0] == "2 Superseded"
    assert part(cluster, "stable") == "1"
    course(cluster)

    assert history(cluster)[:2] == ["3 Promoted", "2 Superseded"]
    assert len(cluster.deployments) == 1


@pytest.mark.parametrize("traffic", [pytest.param(GATEWAY, id="by a gateway"), pytest.param(REPLICAS, id="by pods")])
def test_asking_for_stable_again_ends_at_all_requests_on_stable_at_once(traffic: Traffic) -> None:
    cluster = serving([a_version(1), a_version(2)], the_service(TWO_STEPS, traffic, version="1"))
    cluster.change(the_service(TWO_STEPS, traffic, version="2"))
    until(cluster, "1 Weight Observing")

    cluster.change(the_service(TWO_STEPS, traffic, version="1"))
    cluster.reconcile()
    assert cluster.selected() is not None
    cluster.advance(2)

    assert set(cluster.answering()) == {"car-loan-v1"}
    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ("2",)}
    assert told(cluster)["UpToDate"] == "True/NewerVersionAvailable"


def test_a_status_lost_in_the_middle_is_read_from_what_is_routed_and_the_canary_begins_anew() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "1 Weight Observing")

    cluster.resource = through(a_service(rollout=TWO_STEPS, replicas=4), GATEWAY)
    cluster.reconcile()
    cluster.step()

    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}
    assert weights(cluster) == {"1": 100}
    assert where(cluster).startswith("0 Weight")
    course(cluster)
    assert part(cluster, "stable") == "2"


def test_a_canary_that_is_worse_loses_its_requests_in_the_pass_that_sees_it() -> None:
    cluster = rolling(MEASURED)
    until(cluster, "0 Weight Observing")
    cluster.writes.clear()

    for _ in range(60):
        count(cluster, requests=100, errors=0, of="stable")
        count(cluster, requests=100, errors=40, of="canary")
        cluster.advance()
        if part(cluster, "canary") is None:
            break

    assert failed(cluster) == ["2 CheckFailed"]
    assert [shape(write) for write in cluster.writes[-3:]] == [
        "Apply HTTPRoute",
        "Delete ConfigMap",
        "Create ConfigMap",
    ]
    cluster.advance()
    assert weights(cluster) == {"1": 100}
    (check,) = cluster.resource.status.checks
    assert check.verdict == "Fail"
    assert "Aborted" in events(cluster)
    message = cluster.resource.status.history[0].message
    assert message
    course(cluster)
    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}


def test_a_canary_as_good_as_stable_passes_and_is_promoted() -> None:
    cluster = rolling(MEASURED)
    until(cluster, "0 Weight Observing")

    for _ in range(200):
        for name in ("stable", "canary"):
            if part(cluster, name):
                count(cluster, requests=200, errors=1, of=name)
        cluster.advance()
        if part(cluster, "stable") == "2":
            break

    assert part(cluster, "stable") == "2"
    assert [item.verdict for item in cluster.resource.status.checks] == ["Pass"]


def test_without_any_number_the_weight_stays_and_a_person_is_asked_in_the_end() -> None:
    cluster = rolling(MEASURED)
    until(cluster, "0 Weight Observing")
    cluster.counts = {name: Unknown("no answer") for name in cluster.pods}

    until(cluster, "0 Weight Holding 50/50")
    assert told(cluster)["Progressing"] == "True/Holding"
    until(cluster, "0 Weight WaitingForPerson 50/50", within=70)

    assert weights(cluster) == {"1": 50, "2": 50}
    assert failed(cluster) == []


def test_a_number_that_is_missing_is_told_with_its_reason_and_the_rollout_goes_on_when_it_comes() -> None:
    query = {"name": "refused", "prometheus": {"provider": "main", "query": "refused_share", "max": "0.1"}}
    cluster = rolling(a_rollout({"weight": 50, "for": "5s"}, analysis={"checks": [*ERRORS["checks"], query]}))  # type: ignore[misc]
    until(cluster, "0 Weight Observing")
    cluster.counts = {name: Unknown(f"pod {name}: no connection") for name in cluster.pods}
    cluster.answers = {"refused": Unknown("main: the result is nan")}

    until(cluster, "0 Weight Holding 50/50")

    canary = cluster.resource.status.canary
    assert canary is not None
    silent = min(name for name, pod in cluster.pods.items() if pod["deployment"] == canary.deployment)
    errors, refused = cluster.resource.status.checks
    assert (errors.verdict, refused.verdict) == ("NoData", "NoData")
    assert errors.message == f"no counts of the new version yet: pod {silent}: no connection"
    assert refused.message == "the query gave no number: main: the result is nan"

    cluster.answers = {"refused": 0.02}
    for _ in range(100):
        for name in ("stable", "canary"):
            if part(cluster, name):
                count(cluster, requests=200, errors=0, of=name)
        cluster.advance()
        if part(cluster, "stable") == "2":
            break
    assert part(cluster, "stable") == "2"


@pytest.mark.parametrize(
    "setting", [pytest.param({"onNoData": "Proceed"}, id="no data"), pytest.param({"onNoData": "Hold"}, id="held")]
)
def test_without_any_number_the_spec_says_whether_to_go_on(setting: dict[str, str]) -> None:
    cluster = rolling(a_rollout({"weight": 50, "for": "20s"}, analysis={**ERRORS, **setting}))
    until(cluster, "0 Weight Observing")

    cluster.advance(40)

    assert part(cluster, "stable") == ("2" if setting["onNoData"] == "Proceed" else "1")


def test_no_evidence_of_a_rollout_before_is_used() -> None:
    cluster = rolling(a_rollout({"weight": 50, "for": "1h"}, analysis=ERRORS))
    until(cluster, "0 Weight Observing")
    stored = dict(cluster.config_maps)
    while part(cluster, "canary") is not None:
        count(cluster, requests=100, errors=0, of="stable")
        count(cluster, requests=100, errors=40, of="canary")
        cluster.advance()
        stored = dict(cluster.config_maps) or stored
    assert failed(cluster) == ["2 CheckFailed"]
    cluster.config_maps = stored  # as if its deletion had failed

    ask(cluster, "retry")
    until(cluster, "0 Weight Observing")
    cluster.advance(5)

    assert where(cluster) == "0 Weight Observing 50/50"
    assert failed(cluster) == []


def test_the_share_that_was_counted_is_told_every_ten_seconds_at_most() -> None:
    cluster = rolling(a_rollout({"weight": 50, "for": "1h"}))
    until(cluster, "0 Weight Observing")
    told_at = []

    for _ in range(40):
        count(cluster, requests=30, errors=0, of="stable")
        count(cluster, requests=30, errors=0, of="canary")
        cluster.advance()
        traffic = cluster.resource.status.traffic
        assert traffic is not None
        told_at.append(traffic.measured_at)

    assert len(set(told_at) - {None}) in {3, 4}
    assert cluster.resource.status.traffic is not None
    assert cluster.resource.status.traffic.measured == "33.3"  # two pods beside four, with as many requests each


def test_a_check_that_fails_asks_a_person_when_the_spec_says_so_and_promote_goes_on_with_evidence_of_its_own() -> None:
    steps = ({"weight": 50, "for": "5s"}, {"weight": 75, "for": "1h"})
    cluster = rolling(a_rollout(*steps, analysis=ERRORS, onFailure="Pause"))
    until(cluster, "0 Weight Observing")
    while "WaitingForPerson" not in where(cluster):
        count(cluster, requests=100, errors=0, of="stable")
        count(cluster, requests=100, errors=40, of="canary")
        cluster.advance()
    assert weights(cluster) == {"1": 50, "2": 50}
    assert failed(cluster) == []

    assert ask(cluster, "promote") == "Done: step 1 of 2 is over"
    until(cluster, "1 Weight Observing")
    cluster.advance(5)

    assert where(cluster) == "1 Weight Observing 75/75"


def test_a_service_whose_gateway_cannot_be_used_keeps_what_it_has_and_says_what_to_do() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")
    cluster.writes.clear()

    cluster.routes = None
    cluster.advance(5)

    assert shapes(cluster) == []
    assert told(cluster)["Stalled"] == "True/NoGatewayAPI"
    assert told(cluster)["UpToDate"] == "False/NoGatewayAPI"
    assert cluster.resource.status.conditions[2].message.startswith("spec.traffic.gateway names Gateway team/public")
    assert told(cluster)["Ready"] == "True/Serving"
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}


def test_numbers_are_asked_for_while_a_canary_gets_requests_only() -> None:
    query = {"name": "busy", "prometheus": {"provider": "main", "query": "up{pod=~'$(revision).*'}", "max": "1"}}
    checks = [*ERRORS["checks"], query, {"name": "answers", "disagreement": {"max": "0.1"}}]  # type: ignore[misc]
    cluster = rolling(a_rollout({"weight": 50, "for": "1h"}, analysis={**ERRORS, "checks": checks}))
    assert needs(cluster.resource).counts is False

    until(cluster, "0 Weight Observing")
    asked, canary = needs(cluster.resource), cluster.resource.status.canary
    assert canary is not None
    assert (asked.counts, asked.answers) == (True, True)
    assert asked.queries == {"busy": ("main", f"up{{pod=~'{canary.name}.*'}}")}

    ask(cluster, "abort")
    course(cluster)
    assert needs(cluster.resource).counts is False
