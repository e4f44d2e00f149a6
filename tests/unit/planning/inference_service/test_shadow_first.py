"""``whenUnderpowered: ShadowFirst``: a weight step that would bring too few requests begins with copies of all."""

from __future__ import annotations

import pytest

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.rollout import Rollout
from tests.unit.planning.inference_service.builders import a_service, through
from tests.unit.planning.inference_service.reading import events, told, versions_of
from tests.unit.planning.inference_service.rolling import (
    ERRORS,
    REPLICAS,
    a_rollout,
    answer,
    ask,
    failed,
    history,
    rolling,
    the_service,
    until,
    weights,
    where,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster

SHADOW_FIRST = {**ERRORS, "whenUnderpowered": "ShadowFirst", "maxHold": "1h"}
STEP = {"weight": 10, "for": "20s"}
THIN, THICK = 5, 500
COPIES, WEIGHT = "0 Weight Observing 0/0", "0 Weight Observing 10/10"


def answering(cluster: SimulatedCluster, ticks: int, *, requests: int, errors: int = 0) -> list[str]:
    """Each second every pod of stable answers so many requests; every place where the rollout was."""
    seen: list[str] = []
    for _ in range(ticks):
        answer(cluster, requests=requests, errors=errors)
        cluster.advance()
        if not seen or seen[-1] != where(cluster):
            seen.append(where(cluster))
    return seen


def test_a_step_with_too_few_requests_begins_with_copies_and_gives_its_weight_when_they_suffice() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))

    seen = answering(cluster, 200, requests=THIN)

    assert [place for place in seen if "Observing" in place] == [COPIES, WEIGHT]
    assert history(cluster)[0] == "2 Promoted"
    assert events(cluster).count("ShadowedFirst") == 1
    (notice,) = [item for item in cluster.notices if item.reason == "ShadowedFirst"]
    assert "errors: " in notice.message
    assert " requests needed, 36 expected in 20s" in notice.message


def test_meanwhile_stable_answers_all_requests_and_the_status_says_so() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))
    while where(cluster) != COPIES:
        answering(cluster, 1, requests=THIN)

    status = cluster.resource.status
    assert weights(cluster) == {"1": 100}
    assert len(cluster.ready_pods(status.canary.deployment if status.canary else "")) == 4
    assert status.traffic is not None
    assert status.traffic.mirrored == 100
    progressing = condition_of(status.conditions, ConditionType.PROGRESSING)
    assert progressing is not None
    assert "step 1 of 1 (Weight, copies first)" in progressing.message
    assert "requests are copied first" in progressing.message


def test_a_step_with_enough_requests_begins_with_its_weight() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))

    seen = answering(cluster, 120, requests=THICK)

    assert [place for place in seen if "Observing" in place] == [WEIGHT]
    assert "ShadowedFirst" not in events(cluster)
    assert history(cluster)[0] == "2 Promoted"


def test_nothing_is_given_before_requests_were_counted() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))

    cluster.advance(100)

    assert where(cluster) == "0 Weight Scaling 10/0"
    assert weights(cluster) == {"1": 100}
    assert "counted" in (cluster.resource.status.step.message if cluster.resource.status.step else "")


def test_without_any_request_a_step_begins_with_copies() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))

    answering(cluster, 60, requests=0)

    assert where(cluster) == COPIES


def test_a_version_that_fails_on_copies_never_gets_a_request() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))

    seen = answering(cluster, 120, requests=THIN, errors=3)

    assert not [place for place in seen if place.endswith("/10")]
    assert failed(cluster) == ["2 CheckFailed"]


def test_each_underpowered_step_begins_with_copies_of_its_own() -> None:
    cluster = rolling(a_rollout(STEP, {"weight": 20, "for": "5s"}, analysis=SHADOW_FIRST))

    seen = answering(cluster, 300, requests=THIN)

    assert [place for place in seen if "Observing" in place] == [
        COPIES,
        WEIGHT,
        "1 Weight Observing 0/0",
        "1 Weight Observing 20/20",
    ]


def test_a_step_without_a_time_earns_a_pass_of_its_own() -> None:
    cluster = rolling(a_rollout({"weight": 10}, {"weight": 20}, analysis=ERRORS))
    while where(cluster) != "1 Weight Scaling 20/10":
        answering(cluster, 1, requests=THICK)

    cluster.advance(20)

    assert where(cluster) == "1 Weight Holding 20/20"


def test_after_max_hold_a_person_is_asked_and_may_begin_the_step() -> None:
    cluster = rolling(a_rollout(STEP, analysis={**SHADOW_FIRST, "maxHold": "30s"}))
    answering(cluster, 80, requests=0)

    assert where(cluster) == "0 Weight WaitingForPerson 0/0"
    assert ask(cluster, "promote") == "Done: step 1 of 1 gives its weight"
    until(cluster, WEIGHT)


def test_an_answer_that_differs_is_found_before_the_weight_without_a_shadow_step() -> None:
    checks = [{"name": "answers", "disagreement": {"max": "0.1"}}]
    cluster = rolling(a_rollout(STEP, analysis={**SHADOW_FIRST, "checks": checks}))

    answering(cluster, 60, requests=THICK)

    assert where(cluster) == COPIES
    (notice,) = [item for item in cluster.notices if item.reason == "ShadowedFirst"]
    assert "pairs of answers needed, 0 there" in notice.message


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(a_rollout(STEP, analysis={**SHADOW_FIRST, "whenUnderpowered": "Hold"}), id="another choice"),
        pytest.param(a_rollout(STEP), id="no analysis"),
    ],
)
def test_an_edit_that_asks_for_no_copies_gives_the_weight(edited: Rollout) -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))
    while where(cluster) != COPIES:
        answering(cluster, 1, requests=THIN)

    cluster.change(the_service(edited))
    cluster.advance(8)

    assert where(cluster) == WEIGHT


def test_without_a_gateway_it_is_refused_with_its_field() -> None:
    cluster = rolling(a_rollout(), REPLICAS)

    cluster.change(through(a_service(rollout=a_rollout(STEP, analysis=SHADOW_FIRST), replicas=12), REPLICAS))
    cluster.advance(5)

    assert told(cluster)["Stalled"] == "True/InvalidRollout"
    assert cluster.resource.status.conditions[2].message.startswith("spec.rollout.analysis.whenUnderpowered is Shadow")
    assert versions_of(cluster)["stable"] == "1"


def test_a_restarted_operator_goes_on_copying() -> None:
    cluster = rolling(a_rollout(STEP, analysis=SHADOW_FIRST))
    while where(cluster) != COPIES:
        answering(cluster, 1, requests=THIN)
    made = [cluster.planned() for _ in range(3)]

    cluster.advance(5)

    assert {str(plan.status) for plan in made} == {str(made[0].status)}
    assert where(cluster) == COPIES
