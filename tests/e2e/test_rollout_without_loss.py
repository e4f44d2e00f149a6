"""Nothing is cut: requests of a minute while versions come and go, and the way back to a version without pods."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx
import pytest

from tests.e2e.errands import MINUTE_SECONDS, MOST, Answer, Errands
from tests.e2e.rollouts import HOUR, Serving, Town, outcomes

GOES = {"promote": (0,), "abort": (1,), "supersede": (1,), "delete": (0, 1)}
"""Which of the good versions loses its pods by what."""
LONGEST = "75s"
"""What a request may take, by the spec: a minute, and the wait in line behind the one before."""
SLOW_SECONDS = 300.0
"""Four services start their pods at the same time."""
TOLD_SECONDS = 45.0
"""By then the pods that have to go are told to: within the minute that their requests take."""
CUT_SECONDS = 2 * MINUTE_SECONDS


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of one service."""

    serving: Serving
    answers: list[Answer]
    told_meanwhile: bool
    """Whether the pods were told to stop while all requests were on their way."""


@pytest.fixture(scope="module")
def lives(whole_town: Town) -> Iterator[dict[str, Lived]]:
    """Four services in mid-canary, each with requests of a minute at both versions, lose pods by four verbs at once."""
    services = in_mid_canary(whole_town)
    limits = httpx.Limits(max_connections=MOST * len(GOES))
    address = f"http://{whole_town.gateway.address}"
    with httpx.Client(base_url=address, limits=limits, timeout=CUT_SECONDS) as client:
        errands = {verb: Errands(serving, client) for verb, serving in services.items()}
        for errand in errands.values():
            errand.begin()
        for errand in errands.values():
            errand.reach_both()
        with ThreadPoolExecutor(len(GOES)) as people:
            list(people.map(ask, services, services.values()))
        told = told_to_stop(errands)
        yield {
            verb: Lived(services[verb], errand.answers(), told_meanwhile=verb in told)
            for verb, errand in errands.items()
        }
    whole_town.clear()


def in_mid_canary(town: Town) -> dict[str, Serving]:
    """A service for each verb, half of whose requests go to the second version."""
    first, second, _ = town.good
    half = [{"weight": 50, "for": HOUR}]
    server = {"requestTimeout": LONGEST}
    services = {verb: town.begin(f"to-{verb}", server=server, keep_warm="0s", steps=half) for verb in GOES}
    for serving in services.values():
        serving.until_serves(first, seconds=SLOW_SECONDS)
    for serving in services.values():
        serving.pin(second)
    for serving in services.values():
        serving.until_step("Observing", seconds=SLOW_SECONDS)
    return services


def ask(verb: str, serving: Serving) -> None:
    """Do what takes pods away."""
    match verb:
        case "supersede":
            serving.pin(serving.town.good[2])
        case "delete":
            serving.delete()
        case _:
            serving.ask(verb)


def told_to_stop(errands: dict[str, Errands]) -> set[str]:
    """Verbs by which the pods that have to go were told so before any request to the service was answered."""
    told, deadline = set[str](), time.monotonic() + TOLD_SECONDS
    while told != set(errands) and time.monotonic() < deadline:
        for verb, errand in errands.items():
            if is_leaving(errand.serving, verb) and errand.all_are_on_their_way():
                told.add(verb)
    return told


def is_leaving(serving: Serving, verb: str) -> bool:
    """Whether pods are there that have to go, and all of them know it."""
    pods = [pod for number in GOES[verb] for pod in serving.pods(serving.town.good[number])]
    return bool(pods) and all("deletionTimestamp" in pod["metadata"] for pod in pods)


@pytest.mark.parametrize("verb", GOES, ids=["a promotion", "an abort", "a newer version", "a deletion"])
def test_no_request_of_a_minute_is_cut_by(verb: str, lives: dict[str, Lived]) -> None:
    lived = lives[verb]
    serving, (first, second, _) = lived.serving, lived.serving.town.good

    assert lived.told_meanwhile
    assert [answer for answer in lived.answers if answer.status != httpx.codes.OK] == []
    assert min(answer.seconds for answer in lived.answers) >= MINUTE_SECONDS
    assert {answer.text for answer in lived.answers} == {first, second}
    for number in GOES[verb]:
        serving.town.scene.eventually(partial(serving.pods_of, serving.town.good[number]), [], seconds=60)


def test_going_back_to_a_version_without_pods_loses_nothing(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("cold", keep_warm="0s")
    with serving.load(per_second=200) as load:
        serving.pin(second)
        serving.until_serves(second)
        serving.until(lambda found: not found["status"].get("draining"), "the first version has no pods")
        town.scene.eventually(lambda: serving.pods_of(first), [], seconds=60)

        serving.ask("rollback")
        serving.until_serves(first)

    assert (load.tally().failed, load.tally().first_failures) == (0, ())
    assert outcomes(serving.status())[0] == ("RolledBack", first)
