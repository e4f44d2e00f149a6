"""examples/02-canary: a bad version reaches no user, a good one comes step by step, and goes again, under load."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import yaml

from tests.stories import rows
from tests.stories.command_line import leeboard
from tests.stories.record import Figure
from tests.stories.rollouts import decided, is_alone, observes, seconds_between, serves, waits_for_person
from tests.stories.stage import Stage, StoryError
from tests.stories.trainings import accuracy_of, approved, image_of, seeded, trained
from tests.support.kubectl import Manifest
from tests.support.load import Load, Tally

NAMESPACE = "car-loan-canary"
NAME = "car-loan"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "02-canary"
REQUESTS_A_SECOND = 60
ROWS = 500
SERVING_SECONDS = 180
STEP_SECONDS = 180
LOOK_SECONDS = 0.2

Figures = dict[str, Figure]


def play(stage: Stage) -> Figures:
    """Play the story and return its figures.

    Raises:
        StoryError: something that it promises did not come true.
    """
    stage.clear(EXAMPLE)
    seed = str(int(time.time()))
    with stage.phase("first version"):
        first = _train(stage, "training-job.yaml", seed)
        for file in ("training-job-campaign.yaml", "training-job-deeper.yaml"):
            stage.kubectl.apply(seeded(EXAMPLE / file, seed))
        service = _serve(stage, first)
        requests = rows.payloads(stage, image=_image(), rows=ROWS)
    with _load(stage, service, requests) as load:
        figures = _bad_version(stage, load, first)
        figures |= _good_version(stage, load)
        figures |= _way_back(stage, load, first)
    return figures | _of_all(stage, load.tally())


def _bad_version(stage: Stage, load: Load, first: str) -> Figures:
    """Trained on some customers only: every request is copied to it, and no user sees what it answers."""
    with stage.phase("bad version"):
        number = _version_of(stage, "campaign")
        before = load.tally()
        _pin(stage, number)
        service = _until(
            stage, lambda found: decided(found, number, "Aborted"), what="the copies of requests show what it is worth"
        )
        decision = service["status"]["history"][0]
        route_seconds = _until_alone(stage, decision["at"])
        gone = load.tally() - before
    if gone.failed or set(gone.versions) != {first}:
        raise StoryError(f"version {number} reached users: {gone.versions}, {gone.errors}")
    (check,) = service["status"]["checks"]
    stage.screen.say(f"[green]version {number} goes back by itself[/green]: {decision['message']}")
    return {
        "badVersion": number,
        "badVersionReason": decision["reason"],
        "badVersionFailedShare": float(check["value"]),
        "badVersionCopies": check["canarySamples"],
        "badVersionAnswersToUsers": gone.versions[number],
        "secondsFromFirstCopyToDecision": seconds_between(check["since"], decision["at"]),
        "secondsFromDecisionToRollback": route_seconds,
        "answersMeanwhile": dict(gone.versions),
    }


def _good_version(stage: Stage, load: Load) -> Figures:
    """Shadow, 10 %, a person, 50 %, everything."""
    with stage.phase("good version"):
        number = _version_of(stage, "deeper")
        began = load.tally()
        _pin(stage, number)
        ten = _measured(stage, load, number, weight=10)
        _until(stage, waits_for_person, what="a person is asked")
        leeboard(stage.kubectl, "promote", NAME, namespace=NAMESPACE)
        fifty = _measured(stage, load, number, weight=50)
        _until(stage, lambda found: serves(found, number), what=f"version {number} serves everybody")
        gone = load.tally() - began
    stage.screen.say(f"[green]version {number} serves[/green]; it had {ten:.1%} and {fifty:.1%} of the requests before")
    return {
        "goodVersion": number,
        "measuredAt10Percent": round(ten, 4),
        "measuredAt50Percent": round(fifty, 4),
        "goodVersionAnswers": dict(gone.versions),
    }


def _way_back(stage: Stage, load: Load, first: str) -> Figures:
    """A person goes back to the version before: its pods are still warm."""
    with stage.phase("rollback"):
        started = time.monotonic()
        leeboard(stage.kubectl, "rollback", NAME, namespace=NAMESPACE)
        _until(stage, lambda found: serves(found, first), what=f"back to version {first}")
        seconds = time.monotonic() - started
        before = load.tally()
        deadline = time.monotonic() + STEP_SECONDS
        while (load.tally() - before).versions.total() < REQUESTS_A_SECOND:
            if time.monotonic() > deadline:
                raise StoryError("nothing is answered after the rollback")
            time.sleep(LOOK_SECONDS)
        after = (load.tally() - before).versions
    if set(after) != {first}:
        raise StoryError(f"after the rollback requests were answered by {after}")
    stage.screen.say(f"[green]back on version {first} after {seconds:.1f} s[/green]")
    return {"secondsFromRollbackToServing": round(seconds, 2)}


def _of_all(stage: Stage, total: Tally) -> Figures:
    if total.failed:
        raise StoryError(f"{total.failed} of {total.sent} requests failed: {total.first_failures}")
    answers = dict(total.versions)
    stage.screen.say(f"[green]{total.sent} requests, 0 failed[/green], answered by version {answers}")
    return {
        "requestsSent": total.sent,
        "requestsFailed": total.failed,
        "requestsByVersion": answers,
        "slowestSeconds": round(total.slowest_seconds, 4),
    }


def _train(stage: Stage, file: str, seed: str) -> str:
    manifest = seeded(EXAMPLE / file, seed)
    stage.kubectl.apply(manifest)
    return _version_of(stage, manifest["metadata"]["name"])


def _version_of(stage: Stage, training: str) -> str:
    """The approved version of a training; MLflow counts on from the last telling."""
    found = trained(stage, training)
    number = str(approved(stage, found)["spec"]["version"])
    stage.screen.say(f"{training}: version {number}, accuracy {accuracy_of(found):.4f} on its own held-out rows")
    return number


def _serve(stage: Stage, version: str) -> Manifest:
    _pin(stage, version)
    return _until(stage, lambda found: serves(found, version), what=f"version {version} serves")


def _pin(stage: Stage, version: str) -> None:
    """As a person does who changes the line and applies the file again."""
    manifest: Manifest = yaml.safe_load((EXAMPLE / "inference-service.yaml").read_text(encoding="utf-8"))
    manifest["spec"]["model"]["version"] = version
    stage.kubectl.apply(manifest)


def _load(stage: Stage, service: Manifest, requests: list[bytes]) -> Load:
    """Constant load on the address that the status names."""
    if stage.gateway is None:
        raise StoryError("this story needs a gateway")
    host = service["status"]["traffic"]["address"].removeprefix("http://").partition("/")[0]
    path = f"/v2/models/{NAME}/infer"
    return Load(stage.gateway.address, host, path, requests, per_second=REQUESTS_A_SECOND)


def _measured(stage: Stage, load: Load, version: str, *, weight: int) -> float:
    """The share of a version that users saw while a step lasted."""
    _until(stage, lambda found: observes(found, weight), what=f"{weight} % of the requests go to version {version}")
    before = load.tally()
    _until(stage, lambda found: not observes(found, weight), what=f"{weight} % prove that version {version} is good")
    return (load.tally() - before).share(version)


def _until(stage: Stage, holds: Callable[[Manifest], bool], *, what: str) -> Manifest:
    return stage.wait(f"InferenceService/{NAME}", holds, what=what, seconds=STEP_SECONDS)


def _until_alone(stage: Stage, since: str) -> float:
    """Seconds from ``since`` until the gateway has accepted a route without the canary."""
    deadline = time.monotonic() + STEP_SECONDS
    while not is_alone(stage.kubectl.find("httproute", NAME, namespace=NAMESPACE)):
        if time.monotonic() > deadline:
            raise StoryError("the route still names the canary")
        time.sleep(LOOK_SECONDS)
    return round((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds(), 2)


def _image() -> str:
    return image_of(seeded(EXAMPLE / "training-job.yaml", "0"))
