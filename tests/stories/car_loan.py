"""examples/01-car-loan: train, serve, ask; train again, and the service moves on without a lost request."""

import time
from pathlib import Path

from tests.stories import trainings
from tests.stories.record import Figure
from tests.stories.stage import Stage, StoryError
from tests.stories.traffic import Client, Figures
from tests.stories.trainings import accuracy_of, approved, image_of, seeded
from tests.support.kubectl import Manifest
from tests.support.resources import is_true

NAMESPACE = "car-loan"
NAME = "car-loan"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "01-car-loan"
HELD_OUT_ROWS = 25_000
ACCURACY_MARGIN = 0.02
"""Served and trained accuracy are of different rows of one distribution: ten standard errors apart would be a fault."""
SERVING_SECONDS = 180
ANSWER_SECONDS = 30

Figures_ = dict[str, Figure]


def play(stage: Stage) -> Figures_:
    """Play the story and return its figures.

    Raises:
        StoryError: something that it promises did not come true.
    """
    stage.clear(EXAMPLE)
    seed = str(int(time.time()))
    first = _train_and_serve(stage, seed)
    client = Client(
        stage, image=image_of(seeded(EXAMPLE / "training-job.yaml", "0")), url=f"{first['url']}/v2/models/{NAME}/infer"
    )
    with stage.phase("score"):
        scored = client.score("score", rows=HELD_OUT_ROWS)
        first |= compare("first", scored, trained=float(str(first["firstAccuracyTrained"])), stage=stage)
    second = _move_under_load(stage, client, seed)
    _say_addresses(stage, str(first["url"]))
    total_failed = scored.failed + int(str(second["loadFailed"])) + int(str(second["secondRequestsFailed"]))
    sent = scored.sent + int(str(second["loadSent"])) + int(str(second["secondRequestsSent"]))
    return {**first, **second, "requestsSent": sent, "requestsFailed": total_failed}


def _train_and_serve(stage: Stage, seed: str) -> Figures_:
    """From two manifests to an address that answers."""
    with stage.phase("train"):
        stage.kubectl.apply(seeded(EXAMPLE / "training-job.yaml", seed))
        stage.kubectl.apply_file(EXAMPLE / "inference-service.yaml")
        found = trainings.trained(stage, "car-loan")
    with stage.phase("approve"):
        version = approved(stage, found)
    with stage.phase("serve"):
        service = _serving(stage, version, what="the model server of the first version answers")
    return {"url": str(service["status"]["url"]), **_lineage("first", found, version)}


def _move_under_load(stage: Stage, client: Client, seed: str) -> Figures_:
    """Train deeper trees while requests come in, let the service move, and count what was lost."""
    with stage.phase("second version under load"):
        client.start_load("load")
        stage.screen.say("a client asks all the time now; deeper trees are trained meanwhile")
        stage.kubectl.apply(seeded(EXAMPLE / "training-job-deeper.yaml", seed))
        found = trainings.trained(stage, "car-loan-deeper")
        version = approved(stage, found)
        _serving(stage, version, what="the service moves to the second version")
        number = str(version["spec"]["version"])
        _wait_for_answers(stage, client, number)
        _drained(stage)
        load = client.stop_load("load")
    if load.failed:
        raise StoryError(f"{load.failed} of {load.sent} requests failed while the version changed: {load.errors}")
    if len(load.versions) != 2 or number not in load.versions:
        raise StoryError(f"requests were answered by versions {load.versions}, not by the old and then by {number}")
    stage.screen.say(
        f"[green]{load.sent} requests while the version changed, 0 failed[/green], by version {load.versions}"
    )
    figures = _lineage("second", found, version)
    with stage.phase("score again"):
        scored = client.score("score-again", rows=HELD_OUT_ROWS)
        figures |= compare("second", scored, trained=float(str(figures["secondAccuracyTrained"])), stage=stage)
    load_figures: Figures_ = {
        "loadSent": load.sent,
        "loadFailed": load.failed,
        "loadByVersion": load.versions,
        "loadSlowestSeconds": load.slowest_seconds,
    }
    return figures | load_figures


def _serving(stage: Stage, version: Manifest, *, what: str) -> Manifest:
    number = str(version["spec"]["version"])
    return stage.wait(
        f"InferenceService/{NAME}",
        lambda service: is_true(service, "Ready") and service["status"].get("stable", {}).get("version") == number,
        what=what,
        seconds=SERVING_SECONDS,
    )


def _wait_for_answers(stage: Stage, client: Client, number: str) -> None:
    """The status says that the new version serves: the running load must see it as well."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while number not in client.progress("load").versions:
        if time.monotonic() > deadline:
            raise StoryError(
                f"version {number} is said to serve, but no request was answered by it within {ANSWER_SECONDS} s"
            )
        stage.refresh()


def _drained(stage: Stage) -> None:
    stage.wait(
        f"InferenceService/{NAME}",
        lambda service: not service["status"].get("draining"),
        what="the first version finishes its last requests and goes",
        seconds=SERVING_SECONDS,
    )


def compare(which: str, scored: Figures, *, trained: float, stage: Stage) -> Figures_:
    """Accuracy of the answers beside the one that training measured."""
    if scored.failed or scored.accuracy is None or scored.rows != HELD_OUT_ROWS:
        raise StoryError(f"{scored.failed} of {scored.sent} requests failed: {scored.errors}")
    if abs(scored.accuracy - trained) > ACCURACY_MARGIN:
        raise StoryError(f"accuracy served {scored.accuracy:.4f} is not what training measured, {trained:.4f}")
    stage.screen.say(
        f"accuracy served [bold]{scored.accuracy:.4f}[/bold] on {scored.rows:,} later rows, "
        f"trained [bold]{trained:.4f}[/bold] on 10,000 held-out rows"
    )
    return {
        f"{which}AccuracyServed": round(scored.accuracy, 4),
        f"{which}RequestsSent": scored.sent,
        f"{which}RequestsFailed": scored.failed,
    }


def _lineage(which: str, training: Manifest, version: Manifest) -> Figures_:
    """Run, version, digest and accuracy of one training."""
    return {
        f"{which}Run": str(training["status"]["run"]["id"]),
        f"{which}Version": str(version["spec"]["version"]),
        f"{which}Digest": str(version["status"]["artifact"]["digest"]),
        f"{which}AccuracyTrained": round(accuracy_of(training), 4),
        f"{which}ProfileRows": _profile(version)["rows"],
        f"{which}InputsMonitored": _profile(version)["monitored"],
    }


def _profile(version: Manifest) -> Manifest:
    """What its status says of the version's profile."""
    status = version["status"]
    if "profile" not in status:
        told = next(item for item in status["conditions"] if item["type"] == "ProfileReady")
        raise StoryError(f"{version['metadata']['name']} has no profile: {told['reason']}: {told['message']}")
    profile: Manifest = status["profile"]
    return profile


def _say_addresses(stage: Stage, url: str) -> None:
    where = stage.kubectl.run("get", "service", NAME, "-n", NAMESPACE, "-o", "jsonpath={.spec.clusterIP}")
    stage.screen.say(f"service  {url} inside the cluster (address {where}); from here:")
    stage.screen.say(f"         kubectl -n {NAMESPACE} port-forward service/{NAME} 8080:80")
    mlflow = "kubectl -n leeboard-system port-forward service/leeboard-mlflow 5000"
    stage.screen.say(f"MLflow   http://localhost:5000 after: {mlflow}")
    stage.screen.say("see      kubectl get tj,mv,lbsvc -A")
