"""What makes the process useless."""

from dataclasses import replace

import pytest

from leeboard.health import VitalSigns, fault_of

WORKING = VitalSigns(
    election_seconds=2,
    is_working=True,
    queue_seconds=1,
    list_seconds=299,
    sweep_seconds=300,
    watch_lag_seconds={"Job": 3.0, "Pod": 0.0},
)
FAULTS = {
    "an election that stands still": (
        replace(WORKING, election_seconds=61),
        "the election loop has stood still for 61 s",
    ),
    "a key that waits too long": (replace(WORKING, queue_seconds=601), "a key has waited for 601 s"),
    "lists that fail for three sweeps": (
        replace(WORKING, list_seconds=1021),
        "the last complete list is 1021 s old",
    ),
    "a watch that does not deliver what a sweep saw": (
        replace(WORKING, watch_lag_seconds={"Job": 181.0, "Pod": 0.0}),
        "the watch of Job is 181 s behind",
    ),
}
ALIVE = {
    "a leader at work": WORKING,
    "a leader without election": replace(WORKING, election_seconds=None),
    "a standby, whatever its empty cache says": VitalSigns(election_seconds=2, list_seconds=float("inf")),
}


@pytest.mark.parametrize(("signs", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_said_in_one_sentence(signs: VitalSigns, fault: str) -> None:
    assert fault_of(signs) == fault


@pytest.mark.parametrize("signs", ALIVE.values(), ids=ALIVE.keys())
def test_alive(signs: VitalSigns) -> None:
    assert fault_of(signs) is None
