"""The flows that are swept: adding one is one line. A flow says what people do, and when; its points are found."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.crash.place import Place

Condition = Callable[[Place], bool]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does as soon as ``when`` holds; what is done twice must be the same as once."""

    do: Callable[[Place], None]
    when: Condition = lambda _: True


@dataclass(frozen=True, slots=True)
class Flow:
    """``given`` is what stands before the first write that counts, ``acts`` the flow itself, ``until`` its end."""

    name: str
    acts: tuple[Act, ...]
    until: Condition
    given: tuple[Act, ...] = ()


def trained(place: Place) -> bool:
    """The training has succeeded, and the Job has its time to live."""
    return place.says("Ready", "True/Registered", plural="trainingjobs", name="one")


def fingerprinted(place: Place) -> bool:
    """The version of the training is fingerprinted and approved."""
    return place.says("Ready", "True", plural="modelversions", name=f"{place.model}-v1")


def training_failed(place: Place) -> bool:
    """The training has failed for good."""
    return bool(place.status("trainingjobs", "one").get("outcome") == "Failed")


def serves(version: int) -> Condition:
    """That version serves and nothing is on its way."""

    def holds(place: Place) -> bool:
        is_settled = place.says("Ready", "True") and place.says("Reconciling", "False/Settled")
        return is_settled and place.status().get("stable", {}).get("version") == str(version)

    return holds


FLOWS = (
    Flow("train, register", acts=(Act(Place.train),), until=lambda place: trained(place) and fingerprinted(place)),
    Flow("train, fail", acts=(Act(lambda place: place.train(fails="yes")),), until=training_failed),
    Flow("deploy", given=(Act(lambda place: place.approve(1)),), acts=(Act(Place.serve),), until=serves(1)),
    Flow(
        "switch",
        given=(
            Act(lambda place: place.approve(1)),
            Act(lambda place: place.approve(2)),
            Act(Place.serve),
        ),
        acts=(Act(lambda place: place.pin(2), when=serves(1)),),
        until=serves(2),
    ),
)


def named(name: str) -> Flow:
    """The flow of that name."""
    return next(flow for flow in FLOWS if flow.name == name)


def names() -> list[str]:
    """All names, for pytest."""
    return [flow.name for flow in FLOWS]
