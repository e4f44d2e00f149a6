"""examples/03-drift: the world changes at row 25,000; it is noticed, proven by late labels, learnt and served."""

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from tests.stories.intervals import gain, share
from tests.stories.record import Figure
from tests.stories.rollouts import seconds_between, serves
from tests.stories.stage import POLL_SECONDS, Stage, StoryError
from tests.stories.trainings import approved, seeded, trained
from tests.support.kubectl import KubectlError, Manifest
from tests.support.resources import condition, is_true

NAMESPACE = "car-loan-drift"
NAME = "car-loan"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "03-drift"
CHANGE = 25_000
VERDICT_ROW = 27_000
SECONDS = 420
"""Of one wait: a busy machine takes its time, and the desk has rows enough."""

Figures = dict[str, Figure]


def play(stage: Stage) -> Figures:
    """Play the story and return its figures.

    Raises:
        StoryError: something that it promises did not come true.
    """
    stage.clear(EXAMPLE)
    first = _first_version(stage)
    with stage.phase("before the change"):
        stage.kubectl.apply_file(EXAMPLE / "desk.yaml")
        stage.screen.doing("25,000 applications are like those that the model has learnt from")
        _until_row(stage, CHANGE)
    figures = _noticed(stage)
    figures |= _learnt(stage, first)
    figures |= _recovered(stage, first=first, second=str(figures["secondVersion"]))
    agree(figures)
    return figures


def agree(figures: Mapping[str, Figure]) -> None:
    """What the desk counted and what the operator judged before the promotion, on other rows, are of one size.

    Raises:
        StoryError: the two intervals have nothing in common.
    """
    desk, operator = ((float(str(figures[f"{name}Low"])), float(str(figures[f"{name}High"])))
                      for name in ("regained", "evaluationGain"))  # fmt: skip
    if max(desk[0], operator[0]) > min(desk[1], operator[1]):
        raise StoryError(f"the desk counted a gain within {desk}, the operator one within {operator}")


def _first_version(stage: Stage) -> str:
    """A version that serves, is watched, and takes labels."""
    seed = str(int(time.time()))
    with stage.phase("first version"):
        stage.kubectl.apply(*_secrets(), seeded(EXAMPLE / "training-job-newest.yaml", seed))
        stage.kubectl.apply_file(EXAMPLE / "records.yaml")
        stage.kubectl.apply(seeded(EXAMPLE / "training-job.yaml", seed))
        stage.kubectl.apply_file(EXAMPLE / "inference-service.yaml")
        number = str(approved(stage, trained(stage, "first"))["spec"]["version"])
        _until(stage, lambda found: serves(found, number) and is_true(found, "Ready"), what=f"version {number} serves")
        _until(stage, lambda found: _reason(found, "DriftDetected") == "NoWindowYet", what="its pods are watched")
    return number


def _noticed(stage: Stage) -> Figures:
    """From the change to the trigger."""
    with stage.phase("from the change to the trigger"):
        what = "the world has changed: windows are compared with the reference"
        service = _until(stage, lambda found: is_true(found, "DriftDetected"), what=what)
        drift = service["status"]["drift"]
        verdict_row = _row_at(stage, drift["until"])
        if not CHANGE < verdict_row <= VERDICT_ROW or "car_value" not in drift["drifted"]:
            raise StoryError(f"drift of {drift['drifted']} was seen at row {verdict_row}")
        stage.screen.say(f"[green]drift at row {verdict_row:,}[/green]: {', '.join(drift['drifted'])}")
        known = int((service["status"].get("performance") or {}).get("labels", 0))
        service = _until(stage, _trigger, what="late labels show whether the model has become worse")
    trigger, performance = _trigger(service), service["status"]["performance"]
    labels = labels_in(trigger["evidence"])
    stage.screen.say(f"[green]one training starts[/green]: {trigger['evidence']}")
    return {
        "verdictRow": verdict_row,
        "verdictAt": drift["until"],
        "drifted": ", ".join(drift["drifted"]),
        "windowRows": drift["rows"],
        "triggerRow": _row_at(stage, trigger["at"]),
        "triggerAt": trigger["at"],
        "triggerId": trigger["id"],
        "triggerEvidence": trigger["evidence"],
        "labelsUsed": labels,
        "labelsAfterVerdict": labels - (known if known <= labels else 0),
        "metric": performance["metric"],
        "metricValue": float(performance["value"]),
        "metricReference": float(performance["reference"]),
        "secondsFromVerdictToTrigger": seconds_between(drift["until"], trigger["at"]),
    }


def labels_in(evidence: str) -> int:
    """How many labels a trigger rests on; those that are told while it is acted upon are none of its evidence."""
    found = re.search(r"\b(\d+) labels of version ", evidence)
    if found is None:
        raise StoryError(f"the trigger says nothing of labels: {evidence}")
    return int(found[1])


def _learnt(stage: Stage, first: str) -> Figures:
    """From the trigger to the promotion."""
    manifest: Manifest = yaml.safe_load((EXAMPLE / "inference-service-before.yaml").read_text(encoding="utf-8"))
    manifest["spec"]["model"]["version"] = first
    with stage.phase("learnt, judged and promoted"):
        stage.kubectl.apply(manifest)
        started = _until(stage, lambda found: _trigger(found).get("seen") is True, what="the TrainingJob is there")
        job = trained(stage, str(_trigger(started)["trainingJob"]))
        version = approved(stage, job, seconds=SECONDS)
        number, judged = str(version["spec"]["version"]), version["status"]["evaluation"]
        stage.screen.say(f"[green]version {number} is better[/green]: {judged['message']}")
        service = _until(stage, lambda found: serves(found, number), what=f"version {number} goes through the rollout")
    history = service["status"]["history"][0]
    stage.screen.say(f"[green]version {number} serves[/green]: {history['outcome']}")
    return {
        "secondVersion": number,
        "promotedAt": history["at"],
        "promotion": history["outcome"],
        "evaluation": judged["verdict"],
        "evaluationRows": judged["rows"],
        "evaluationGain": float(judged["gain"]),
        "evaluationGainLow": float(judged["low"]),
        "evaluationGainHigh": float(judged["high"]),
        "secondsFromTriggerToPromotion": seconds_between(_trigger(service)["at"], history["at"]),
    }


def _recovered(stage: Stage, *, first: str, second: str) -> Figures:
    """What the labels say, known to the desk only, and how often the model was trained."""
    with stage.phase("after"):
        stage.screen.doing("the rest of the 50,000 applications")
        last = _until_row(stage, None)
    jobs = [job for job in stage.kubectl.list("trainingjobs.leeboard.dev", namespace=NAMESPACE) if _is_triggered(job)]
    if last["failed"] or len(jobs) != 1:
        raise StoryError(f"{last['failed']} requests failed: {last['errors']}; {len(jobs)} trainings")
    figures = recovery(last)
    stage.screen.say(
        f"accuracy [bold]{figures['accuracyBefore']}[/bold] before, [bold]{figures['accuracyDuring']}[/bold] after the"
        f" change, [bold]{figures['accuracyAfter']}[/bold] with version {second}: regained {figures['regained']}"
    )
    return figures | {
        "jobsStarted": len(jobs),
        "firstVersion": first,
        "requestsSent": last["sent"],
        "requestsFailed": last["failed"],
        "requestsByVersion": last["answers"],
        "labels": last["labels"],
    }


def recovery(last: Manifest) -> Figures:
    """Accuracies, and what the new version regains of the loss, out of the desk's last line.

    Raises:
        StoryError: that is less than half of the loss, or its interval holds zero.
    """
    before, during, after = (share(last[name]) for name in ("before", "during", "after"))
    regained, pairs = gain(last["pairs"]), last["pairs"]
    old = share({"right": pairs["both"] + pairs["onlyOld"], "rows": sum(pairs.values())})
    loss = before.value - old.value
    if regained.low <= 0 or regained.value < loss / 2:
        raise StoryError(f"of a loss of {loss:.4f} {regained.value:.4f} is regained, at least {regained.low:.4f}")
    return {
        **before.figures("accuracyBefore"),
        **during.figures("accuracyDuring"),
        **after.figures("accuracyAfter"),
        **old.figures("accuracyOfFirstVersionAfter"),
        **regained.figures("regained"),
        "loss": round(loss, 4),
        "partRegained": round(regained.value / loss, 3),
        "rowsCompared": sum(pairs.values()),
    }


def _secrets() -> Iterator[Manifest]:
    """The key of tokens and the credential of senders of labels: made here, known to nobody else."""
    for name, key, value in (
        ("token-keys", "1", secrets.token_hex(16)),
        ("feedback", "credential", secrets.token_urlsafe(32)),
    ):
        metadata = {"name": name, "namespace": NAMESPACE}
        yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {key: value}}


def _days(stage: Stage) -> list[Manifest]:
    """The desk's log, day by day."""
    try:
        lines = stage.kubectl.logs("desk", namespace=NAMESPACE).splitlines()
    except KubectlError:
        return []
    return [json.loads(line) for line in lines if line.startswith("{")]


def _row_at(stage: Stage, moment: str) -> int:
    """Rows that had been asked by the end of that second."""
    end = datetime.fromisoformat(moment) + timedelta(seconds=1)
    return max((day["rows"] for day in _days(stage) if datetime.fromisoformat(day["at"]) < end), default=0)


def _until_row(stage: Stage, row: int | None) -> Manifest:
    """The desk's figures once it has asked so many rows; None is all."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        stage.refresh()
        days = _days(stage)
        if days and (days[-1].get("done") if row is None else days[-1]["rows"] >= row):
            return days[-1]
        time.sleep(POLL_SECONDS)
    raise StoryError(f"the loan desk did not come to {'its end' if row is None else f'row {row}'} in {SECONDS} s")


def _until(stage: Stage, holds: Callable[[Manifest], object], *, what: str) -> Manifest:
    return stage.wait(f"InferenceService/{NAME}", lambda found: bool(holds(found)), what=what, seconds=SECONDS)


def _trigger(service: Manifest) -> Manifest:
    """The last trigger; empty before there is one."""
    return (service["status"].get("retraining") or {}).get("trigger") or {}


def _reason(service: Manifest, type_: str) -> str:
    return str(condition(service, type_).get("reason", ""))


def _is_triggered(job: Manifest) -> bool:
    return "leeboard.dev/trigger" in (job["metadata"].get("annotations") or {})
