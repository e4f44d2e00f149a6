"""Steps as users see them: who answers which request while a new version takes over."""

import math
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from tests.e2e import obedient
from tests.e2e.rollouts import Serving, Town, outcomes
from tests.stories.rollouts import is_alone
from tests.support.kubectl import Manifest
from tests.support.load import Load

SENT = 600
BACK_SECONDS = 5.0
ERRORS = {"checks": [{"name": "errors", "errorRate": {"margin": "0.1"}}]}


def answered_by(serving: Serving, load: Load, count: int) -> dict[str, int]:
    """Which versions answer the next requests."""
    before = load.tally()
    serving.town.scene.eventually(lambda: (load.tally() - before).versions.total() >= count, expected=True, seconds=60)
    return dict((load.tally() - before).versions)


@pytest.fixture
def early(town: Town) -> Iterator[httpx.Client]:
    """A client that sends the header of the early cohort."""
    headers = {"x-cohort": "early", "content-type": "application/json"}
    with httpx.Client(base_url=f"http://{town.gateway.address}", headers=headers) as client:
        yield client


def test_requests_are_split_as_the_step_says_and_all_are_answered(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("split", replicas=2, steps=[{"weight": 20, "for": "1h"}])
    with serving.load(per_second=60) as load:
        serving.pin(second)
        serving.until_step("Observing")
        versions = answered_by(serving, load, SENT)
        total = sum(versions.values())
        deviation = math.sqrt(total * 0.2 * 0.8)
        assert abs(versions[second] - 0.2 * total) < 4 * deviation, versions
        told = serving.until(lambda found: has_measured(found, SENT // 5), "measured")
        assert abs(float(told["status"]["traffic"]["measured"]) - 20) < 8
        assert (told["status"]["traffic"]["asked"], told["status"]["traffic"]["applied"]) == (20, 20)

        serving.ask("promote")
        serving.until_serves(second)

    assert (load.tally().failed, load.tally().first_failures) == (0, ())
    assert outcomes(serving.status()) == [("Promoted", second), ("First", first)]


def has_measured(service: Manifest, requests: int) -> bool:
    """Whether its share is known, from more requests than that."""
    traffic = service["status"]["traffic"]
    return "measured" in traffic and traffic["measuredRequests"] > requests


def test_a_shadowed_version_fails_for_nobody_and_goes_back_by_itself(town: Town) -> None:
    first, *_ = town.good
    steps = [{"shadow": {"percent": 100}, "for": "5s"}, {"weight": 50, "for": "5s"}]
    serving = town.serve("shadow", steps=steps, analysis=ERRORS)
    with serving.load(per_second=60) as load:
        serving.pin(town.failing)
        serving.until(lambda found: outcomes(found["status"])[0] == ("Aborted", town.failing), "it goes back")
        status = serving.status()

    (check,) = status["checks"]
    assert (check["verdict"], float(check["value"]) > 0.1) == ("Fail", True)
    assert [item["version"] for item in status["failed"]] == [town.failing]
    assert (load.tally().failed, set(load.tally().versions)) == (0, {first})


def test_a_failing_version_gets_nothing_five_seconds_after_the_poll_that_shows_it(town: Town) -> None:
    first, *_ = town.good
    serving = town.serve("failing", steps=[{"weight": 50, "for": "1h"}], analysis=ERRORS)
    with serving.load(per_second=60) as load:
        serving.pin(town.failing)
        found = serving.until(lambda found: outcomes(found["status"])[0] == ("Aborted", town.failing), "it goes back")
        town.scene.eventually(lambda: is_alone(serving.route()), expected=True, seconds=30)
        alone = load.tally()
        assert set(answered_by(serving, load, SENT)) == {first}

    decided = datetime.fromisoformat(found["status"]["history"][0]["at"])  # in whole seconds, so rather too early
    assert (load.tally().last_answers[town.failing] - decided).total_seconds() < BACK_SECONDS
    assert (load.tally() - alone).failed == 0
    assert {error.partition(":")[0] for error in load.tally().errors} == {"500"}


def test_a_header_and_then_a_person_decide(town: Town, early: httpx.Client) -> None:
    first, second, _ = town.good
    headers = [{"name": "x-cohort", "value": "early"}]
    serving = town.serve("cohort", steps=[{"match": {"headers": headers}, "for": "1h"}, {"approval": {}}])
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing")
        mine = {ask(early, serving) for _ in range(20)}
        assert (mine, set(answered_by(serving, load, 40))) == ({second}, {first})

        serving.ask("skip-step")
        serving.until_step("WaitingForPerson", index=1)
        serving.ask("promote")
        serving.until_serves(second)

    assert load.tally().first_failures == ()


def ask(client: httpx.Client, serving: Serving) -> str:
    """The version that answers one request."""
    (body, *_) = obedient.requests()
    path = f"/v2/models/{serving.name}/infer"
    answer = client.post(path, content=body, headers={"Host": serving.host})
    return str(answer.raise_for_status().json()["model_version"])


def test_thin_traffic_holds_the_weight_until_there_is_enough(town: Town) -> None:
    _, second, _ = town.good
    serving = town.serve("thin", steps=[{"weight": 5, "for": "2s"}], analysis=ERRORS)
    with serving.load(per_second=2) as thin:
        serving.pin(second)
        held = serving.until_step("Holding")["status"]
        assert (held["traffic"]["asked"], held["traffic"]["applied"]) == (5, 5)
        assert held["checks"][0]["verdict"] in {"Inconclusive", "NoData"}
        with serving.load(per_second=150) as more:
            serving.until_serves(second, seconds=120)

    assert (thin.tally().first_failures, more.tally().first_failures) == ((), ())
