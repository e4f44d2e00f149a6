"""How the loan desk of examples/03-drift counts who was right."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[3] / "examples" / "03-drift" / "desk.py"


@pytest.fixture(scope="module")
def desk() -> ModuleType:
    """The example's script as a module."""
    specification = importlib.util.spec_from_file_location("desk", FILE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["desk"] = module  # where its dataclasses look their annotations up
    specification.loader.exec_module(module)
    return module


def a_day(desk: ModuleType, versions: str, right: list[bool]) -> object:
    rows = [{"car_value": "1"}] * len(versions)
    return desk.Day(rows, [1] * len(versions), right, [""] * len(versions), list(versions))


def test_a_day_over_the_change_is_counted_on_both_of_its_sides(desk: ModuleType) -> None:
    ledger = desk.Ledger(rows=desk.CHANGE + 1)
    assert not desk.count(ledger, a_day(desk, "333", [True, False, True]), "3")
    assert (ledger.before, ledger.during) == (Counter({True: 1, False: 1}), Counter({True: 1}))


def test_a_day_that_two_versions_answer_counts_for_the_old_one_only(desk: ModuleType) -> None:
    ledger = desk.Ledger(rows=desk.CHANGE + 1000)
    assert not desk.count(ledger, a_day(desk, "344", [True, True, False]), "3")
    assert (ledger.during, ledger.after) == (Counter({True: 1}), Counter())


def test_a_day_that_the_new_version_answers_alone_counts_for_it(desk: ModuleType) -> None:
    ledger = desk.Ledger(rows=desk.CHANGE + 1000)
    assert desk.count(ledger, a_day(desk, "444", [True, True, False]), "3")
    assert (ledger.during, ledger.after) == (Counter(), Counter({True: 2, False: 1}))


def test_every_row_has_its_day(desk: ModuleType) -> None:
    ends = [end for end, _ in desk.DAYS]
    assert (ends == sorted(ends), ends[0], ends[-1]) == (True, 25_000, 50_000)
