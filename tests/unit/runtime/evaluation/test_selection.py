"""Which rows are counted: those later than both trainings that have a label; no model finds a label beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.evaluation.selection import Trained, select_rows
from leeboard_runtime.profiling.reference import Wanted

ROWS = 600
WANTED = Wanted("http://data.example/later.csv", "", "when", "repaid")
MADE = "2026-03-01T00:00:00Z"


def frame() -> pd.DataFrame:
    """One row a minute, the newest first; the city "NA" and the code "007" are texts."""
    columns: dict[str, Any] = {
        "code": ["007"] * ROWS,
        "city": [("NA", "Bonn")[number % 2] for number in range(ROWS)],
        "number": list(range(ROWS)),
        "when": pd.date_range("2026-03-01", periods=ROWS, freq="min").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "repaid": [number % 2 for number in range(ROWS)],
    }
    return pd.DataFrame(columns)[::-1]


def profile(folder: Path, name: str, until: object, *, nulls: int = 0) -> Path:
    """A profile of a thousand rows with one input."""
    path = folder / f"{name}.json"
    content = {
        "reference": {"until": until, "rows": 1000},
        "features": [{"name": "age", "kind": "Numeric", "reason": ""}],
        "channels": [{"feature": 0, "measure": "Value"}],
        "counts": [[500, 500 - nulls]],
        "quality": [[0, nulls, 0, 0, 0, 0]],
    }
    path.write_text(json.dumps(content))
    return path


def chosen(folder: Path, rows: pd.DataFrame, *trained: Trained, wanted: Wanted = WANTED) -> dict[str, Any]:
    """What was written of these rows."""
    path = folder / "rows"
    rows.to_csv(path, index=False)
    select_rows(path, folder / "inputs", folder / "labels", wanted=wanted, trained=trained)
    found: dict[str, Any] = json.loads((folder / "labels" / "labels.json").read_bytes())
    return found


def fault(folder: Path, rows: pd.DataFrame, *trained: Trained, wanted: Wanted = WANTED) -> tuple[str, str]:
    with pytest.raises(PermanentFault) as raised:
        chosen(folder, rows, *trained, wanted=wanted)
    return raised.value.reason, raised.value.message


def test_only_rows_later_than_both_trainings_count_in_the_order_of_time(tmp_path: Path) -> None:
    old = Trained("1", profile(tmp_path, "old", "2026-03-01T01:00:00Z"), "2027-01-01T00:00:00Z")
    new = Trained("2", profile(tmp_path, "new", "2026-03-01T02:00:00Z"), "2027-01-01T00:00:00Z")

    found = chosen(tmp_path, frame(), old, new)

    inputs = pd.read_csv(tmp_path / "inputs" / "rows", dtype=str, keep_default_na=False)
    assert inputs["number"].tolist() == [str(number) for number in range(121, ROWS)]  # 02:00 itself was trained on
    assert found["labels"] == [number % 2 for number in range(121, ROWS)]
    assert found["summary"] | {"rowsDigest": ""} == {
        "rowsDigest": "",
        "after": "2026-03-01T02:00:00Z",
        "since": "2026-03-01T02:01:00Z",
        "until": "2026-03-01T09:59:00Z",
        "notLater": 121,
        "unlabelled": 0,
        "dataFaults": [],
    }


def test_the_inputs_hold_no_label_and_their_texts_as_they_were(tmp_path: Path) -> None:
    chosen(tmp_path, frame(), Trained("2", None, MADE))
    inputs = pd.read_csv(tmp_path / "inputs" / "rows", dtype=str, keep_default_na=False)
    assert list(inputs.columns) == ["code", "city", "number", "when"]
    assert (set(inputs["code"]), set(inputs["city"])) == ({"007"}, {"NA", "Bonn"})
    assert sorted(path.name for path in (tmp_path / "inputs").iterdir()) == ["classes.json", "rows"]
    assert json.loads((tmp_path / "inputs" / "classes.json").read_bytes()) == [0, 1]


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "rows", index=False)
    wanted = Wanted("s3://data/later", "Parquet", "when", "repaid")
    select_rows(
        tmp_path / "rows", tmp_path / "in", tmp_path / "labels", wanted=wanted, trained=(Trained("2", None, MADE),)
    )
    inputs = pd.read_parquet(tmp_path / "in" / "rows")
    assert (list(inputs.columns), inputs["number"].dtype.kind) == (["code", "city", "number", "when"], "i")
    assert len(inputs) == ROWS - 1


def test_rows_without_a_label_are_left_out_and_told(tmp_path: Path) -> None:
    rows = frame().assign(repaid=lambda known: known["repaid"].where(known["number"] % 3 != 0))
    found = chosen(tmp_path, rows, Trained("2", None, "2026-02-01T00:00:00Z"))
    assert (len(found["labels"]), found["summary"]["unlabelled"], set(found["labels"])) == (400, 200, {0.0, 1.0})


def test_a_version_whose_profile_tells_no_time_was_trained_before_it_was_made(tmp_path: Path) -> None:
    timeless = Trained("1", profile(tmp_path, "old", None), "2026-03-01T00:29:00Z")
    found = chosen(tmp_path, frame(), timeless, Trained("2", None, "2026-02-01T00:00:00Z"))
    assert (found["summary"]["after"], found["summary"]["notLater"]) == ("2026-03-01T00:29:00Z", 30)


def test_too_few_later_rows_are_no_comparison(tmp_path: Path) -> None:
    late = Trained("2", None, "2026-03-01T08:00:00Z")
    reason, message = fault(tmp_path, frame(), late)
    assert reason == "TooFewRows"
    assert message.startswith("119 rows can be counted, 200 are needed: of 600 rows 119 are later than 2026-03-01T08:")


WRONG = {
    "no such time": (Wanted("later.csv", "", "t", "repaid"), "RowsInvalid", 'timeColumn "t" is not in the file'),
    "no such target": (Wanted("later.csv", "", "when", "y"), "RowsInvalid", 'target "y" is not in the file'),
    "no format": (Wanted("http://x/later", "", "when", "repaid"), "RowsInvalid", "neither .csv nor .parquet"),
    "no parquet": (Wanted("later.parquet", "", "when", "repaid"), "RowsInvalid", "cannot be read as Parquet"),
    "numbers for times": (Wanted("later.csv", "", "number", "repaid"), "RowsInvalid", "is no ISO 8601 time"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_the_file_is_named(case: str, tmp_path: Path) -> None:
    wanted, reason, words = WRONG[case]
    found = fault(tmp_path, frame(), Trained("2", None, MADE), wanted=wanted)
    assert (found[0], words in found[1]) == (reason, True), found


@pytest.mark.parametrize("until", [7, "yesterday"], ids=["a number", "a word"])
def test_a_profile_without_a_time_where_one_is_due_is_no_licence(until: object, tmp_path: Path) -> None:
    forged = Trained("1", profile(tmp_path, "old", until), MADE)
    assert fault(tmp_path, frame(), forged, Trained("2", None, MADE))[0] == "ProfileInvalid"


def test_an_infinite_label_is_no_number(tmp_path: Path) -> None:
    rows = frame().assign(repaid=lambda known: known["repaid"].astype(float))
    rows.iloc[5, rows.columns.get_loc("repaid")] = float("inf")
    reason, message = fault(tmp_path, rows, Trained("2", None, MADE))
    assert (reason, "in row 6" in message) == ("RowsInvalid", True), message


def test_a_reference_that_lacks_what_the_other_one_had_is_told(tmp_path: Path) -> None:
    old = Trained("1", profile(tmp_path, "old", "2026-03-01T01:00:00Z", nulls=10), MADE)
    new = Trained("2", profile(tmp_path, "new", "2026-03-01T02:00:00Z", nulls=300), MADE)
    assert chosen(tmp_path, frame(), new, old)["summary"]["dataFaults"] == [
        "age is null in 30.0% of 1000 rows, before in 1.0%"
    ]


def test_a_profile_without_its_members_is_none(tmp_path: Path) -> None:
    old = Trained("1", profile(tmp_path, "old", "2026-03-01T01:00:00Z"), MADE)
    path = tmp_path / "forged.json"
    path.write_text(json.dumps({"reference": {"until": "2026-03-01T01:00:00Z", "rows": 0}, "features": [{}]}))
    reason, message = fault(tmp_path, frame(), Trained("2", path, MADE), old)
    assert (reason, "version 2 or version 1" in message) == ("ProfileInvalid", True), message
