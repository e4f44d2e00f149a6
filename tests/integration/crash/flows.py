"""The flows that are swept: adding one is one line. A flow says what people do, and when; its points are found."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.crash.place import Place

Condition = Callable[[Place], bool]
Step = dict[str, object]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does as soon as ``when`` holds; what is done twice must be the same as once."""

    do: Callable[[Place], None]
    when: Condition = lambda _: True


@dataclass(frozen=True, slots=True)
class Flow:
    """``versions`` are approved before the operator starts; ``given`` is what stands before the first write that
    counts, ``acts`` is the flow itself, ``until`` its end.
    """

    name: str
    acts: tuple[Act, ...]
    until: Condition
    given: tuple[Act, ...] = ()
    versions: tuple[int, ...] = ()


def trained(place: Place) -> bool:
    """The training has succeeded, and the Job has its time to live."""
    return place.look("trainingjobs", "one").says("Ready", "True/Registered")


def profiled(place: Place) -> bool:
    """The version of the training is fingerprinted, approved, and has its profile."""
    version = place.look("modelversions", f"{place.model}-v1")
    return version.says("Ready", "True") and version.says("ProfileReady", "True/Profiled")


def training_failed(place: Place) -> bool:
    """The training has failed for good."""
    return bool(place.look("trainingjobs", "one").status.get("outcome") == "Failed")


def retrained_once(place: Place) -> bool:
    """The training that was asked for has ended, which was told."""
    service = place.look()
    trigger = (service.status.get("retraining") or {}).get("trigger") or {}
    return bool(trigger.get("outcome") == "Failed" and service.says("Retraining", "False/NoTrigger"))


def serves(version: int) -> Condition:
    """That version serves and nothing is on its way."""

    def holds(place: Place) -> bool:
        service = place.look()
        is_settled = service.says("Ready", "True") and service.says("Reconciling", "False/Settled")
        return is_settled and service.status.get("stable", {}).get("version") == str(version)

    return holds


def step(kind: str, phase: str, *, version: str = "") -> Condition:
    """The rollout stands at a step of that kind, so far; if need be, with that version as canary."""

    def holds(place: Place) -> bool:
        status = place.look().status
        found = status.get("step") or {}
        is_there = (found.get("kind"), found.get("phase")) == (kind, phase)
        return is_there and version in {"", (status.get("canary") or {}).get("version")}

    return holds


def went_back(place: Place) -> bool:
    """The canary was given up and its pods are gone."""
    service = place.look()
    is_over = not service.status.get("canary") and not service.status.get("draining")
    return is_over and service.says("Progressing", "False/Aborted")


def serve(*steps: Step, **rollback: object) -> Act:
    """A service behind a gateway, with these steps."""
    rollout: dict[str, object] = {"rollback": rollback} if rollback else {}
    if steps:
        rollout["steps"] = list(steps)
    traffic = {"provider": "GatewayAPI", "gateway": {"name": "gw", "hostnames": ["loans.example"]}}
    return Act(lambda place: place.serve(traffic=traffic, rollout=rollout, server={"replicas": 2}))


def pin(version: int, when: Condition) -> Act:
    """Another version is asked for."""
    return Act(lambda place: place.pin(version), when)


def ask(verb: str, when: Condition) -> Act:
    """A person asks."""
    return Act(lambda place: place.request(verb), when)


SHADOW: Step = {"shadow": {}, "for": "1s"}
TEN: Step = {"weight": 10, "for": "1s"}
APPROVAL: Step = {"approval": {}}
FIFTY: Step = {"weight": 50, "for": "1s"}
LONG: Step = {"weight": 40, "for": "1h"}
RETRAINED = Act(lambda place: place.serve(retraining={"trainingJobRef": {"name": "one"}}))
FLOWS = (
    Flow("train, register", acts=(Act(Place.train),), until=lambda place: trained(place) and profiled(place)),
    Flow("train, fail", acts=(Act(lambda place: place.train(fails="yes")),), until=training_failed),
    Flow(
        "retrain",
        versions=(1,),
        given=(Act(lambda place: place.train(fails="yes")), RETRAINED),
        acts=(ask("retrain", lambda place: training_failed(place) and serves(1)(place)),),
        until=retrained_once,
    ),
    Flow("deploy", versions=(1,), acts=(serve(),), until=serves(1)),
    Flow(
        "promote in steps",
        versions=(1, 2),
        given=(serve(SHADOW, TEN, APPROVAL, FIFTY),),
        acts=(pin(2, serves(1)), ask("promote", step("Approval", "WaitingForPerson"))),
        until=serves(2),
    ),
    Flow(
        "switch by pods",
        versions=(1, 2),
        given=(Act(lambda place: place.serve(rollout={"rollback": {"keepWarm": "0s"}})),),
        acts=(pin(2, serves(1)),),
        until=serves(2),
    ),
    Flow(
        "abort",
        versions=(1, 2),
        given=(serve(LONG),),
        acts=(pin(2, serves(1)), ask("abort", step("Weight", "Observing"))),
        until=went_back,
    ),
    Flow(
        "supersede",
        versions=(1, 2, 3),
        given=(
            serve(LONG),
            pin(2, serves(1)),
        ),
        acts=(pin(3, step("Weight", "Observing")), ask("promote", step("Weight", "Observing", version="3"))),
        until=serves(3),
    ),
    Flow(
        "rollback",
        versions=(1, 2),
        given=(
            serve(),
            pin(2, serves(1)),
        ),
        acts=(ask("rollback", serves(2)),),
        until=lambda place: place.look().says("UpToDate", "False/RolledBack") and serves(1)(place),
    ),
)


def named(name: str) -> Flow:
    """The flow of that name."""
    return next(flow for flow in FLOWS if flow.name == name)


def names() -> list[str]:
    """All names, for pytest."""
    return [flow.name for flow in FLOWS]
