"""Reading a reference: in the order of time, of the signature's types, and whatever is wrong is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.profiling.reference import MAX_ROWS, Reference, Wanted, read
from leeboard_runtime.signature import Column, Description, Tensor

ROWS = 240
COLUMNS = (
    Column("income", "double", required=True),
    Column("age", "long", required=True),
    Column("city", "string", required=True),
    Column("vip", "boolean", required=False),
    Column("since", "datetime", required=False),
)


def described(*columns: Column, tensors: tuple[Tensor, ...] = ()) -> Description:
    return Description(columns, tensors, (), (), "mlflow_sklearn", lean=False)


def frame(**changes: Any) -> pd.DataFrame:  # noqa: ANN401 - columns of any kind
    columns: dict[str, Any] = {
        "income": [float(number) for number in range(ROWS)],
        "age": [20 + number % 50 for number in range(ROWS)],
        "city": [("007", "NA")[number % 2] for number in range(ROWS)],
        "vip": [("true", "False")[number % 2] for number in range(ROWS)],
        "since": ["2026-01-01T12:00:00+01:00"] * ROWS,
        "when": [f"2026-03-{1 + number % 28:02}T00:00:{number % 60:02}" for number in range(ROWS)],
        "repaid": [number % 2 for number in range(ROWS)],
    }
    return pd.DataFrame(columns | changes)


def reference(folder: Path, rows: pd.DataFrame, *columns: Column, **wanted: str) -> Reference:
    path = folder / "rows"
    rows.to_csv(path, index=False)
    return read(path, Wanted("artifact:reference.csv", **wanted), described(*(columns or COLUMNS)))


def fault(folder: Path, rows: pd.DataFrame, *columns: Column, **wanted: str) -> tuple[str, str]:
    with pytest.raises(PermanentFault) as raised:
        reference(folder, rows, *columns, **wanted)
    return raised.value.reason, raised.value.message


def test_rows_are_what_the_server_would_hand_to_the_model(tmp_path: Path) -> None:
    found = reference(tmp_path, frame())

    assert {name: str(kind) for name, kind in found.inputs.dtypes.items()} == {
        "income": "float64",
        "age": "int64",
        "city": "object",
        "vip": "bool",
        "since": "datetime64[ns]",
    }
    assert found.inputs.iloc[1].tolist() == [1.0, 21, "NA", False, pd.Timestamp("2026-01-01T11:00:00")]
    assert (found.rows, found.times, found.labels, found.absent) == (ROWS, None, None, ())


def test_the_time_column_orders_the_rows_and_their_labels(tmp_path: Path) -> None:
    rows = frame(when=[f"2026-03-01T00:{number // 60:02}:{number % 60:02}Z" for number in range(ROWS)][::-1])

    found = reference(tmp_path, rows, time_column="when", target="repaid")

    assert found.inputs["income"].tolist() == [float(number) for number in range(ROWS)][::-1]
    assert found.labels == [number % 2 for number in range(ROWS)][::-1]
    assert found.times is not None
    assert np.diff(found.times).tolist() == [1_000_000] * (ROWS - 1)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    frame().to_parquet(path)

    found = read(path, Wanted("https://data.example/a.parquet?v=1", time_column="when"), described(*COLUMNS))

    assert found.inputs["city"].tolist()[:2] != [7, None]
    assert found.rows == ROWS


def test_an_optional_column_may_be_absent(tmp_path: Path) -> None:
    found = reference(tmp_path, frame().drop(columns=["vip"]))

    assert (found.absent, list(found.inputs.columns)) == (("vip",), ["income", "age", "city", "since"])


def test_the_newest_rows_are_kept_of_a_file_that_is_too_long(tmp_path: Path) -> None:
    rows = pd.DataFrame({"income": np.arange(MAX_ROWS + 10.0)})

    found = reference(tmp_path, rows, COLUMNS[0])

    assert (found.rows, found.inputs["income"].iloc[0]) == (MAX_ROWS, 10.0)


WRONG = {
    "a required column that is missing": (
        frame().drop(columns=["income", "city"]),
        {},
        'the file lacks "income", "city", which the model\'s signature requires',
    ),
    "a text among numbers": (
        frame(income=["many" if number == 3 else "1.5" for number in range(ROWS)]),
        {},
        "column \"income\" holds 'many' in row 4, which is not a number",
    ),
    "a fraction among integers": (
        frame(age=[1.5] * ROWS),
        {},
        'column "age" holds 1.5 in row 1, which is not of type long',
    ),
    "no value among integers": (
        frame(age=[None if number == 2 else 1 for number in range(ROWS)]),
        {},
        'column "age" has no value in row 3, but long has no null',
    ),
    "a boolean that is none": (
        frame(vip=["maybe"] * ROWS),
        {},
        "column \"vip\" holds 'maybe' in row 1, which is not true or false",
    ),
    "a time column that is not there": (frame(), {"time_column": "t"}, 'timeColumn "t" is not in the file'),
    "a target that is not there": (frame(), {"target": "y"}, 'target "y" is not in the file'),
    "numbers as times": (frame(), {"time_column": "age"}, 'timeColumn "age" holds numbers'),
    "a time that is none": (frame(when=["soon"] * ROWS), {"time_column": "when"}, 'timeColumn "when" holds a value'),
    "a time that is missing": (
        frame(when=[None if number == 4 else "2026-01-01" for number in range(ROWS)]),
        {"time_column": "when"},
        'timeColumn "when" has no time in row 5',
    ),
    "a format that nobody names": (frame(), {"source": "artifact:reference.xlsx"}, "neither .csv nor .parquet"),
    "another format than it is": (frame(), {"format": "Parquet"}, "the file cannot be read as Parquet"),
}


@pytest.mark.parametrize(("rows", "wanted", "message"), WRONG.values(), ids=WRONG)
def test_is_named(tmp_path: Path, rows: pd.DataFrame, *, wanted: dict[str, str], message: str) -> None:
    path = tmp_path / "rows"
    rows.to_csv(path, index=False)
    asked = {"source": "artifact:reference.csv", **wanted}

    with pytest.raises(PermanentFault) as raised:
        read(path, Wanted(**asked), described(*COLUMNS))

    assert raised.value.reason == "ReferenceInvalid"
    assert message in raised.value.message


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    reason, message = fault(tmp_path, frame()[:199])

    assert reason == "ReferenceTooSmall"
    assert "199 rows; 200 are the fewest" in message


def test_the_columns_of_a_file_make_the_rows_of_an_unnamed_tensor(tmp_path: Path) -> None:
    rows = pd.DataFrame(np.arange(ROWS * 3.0).reshape(ROWS, 3), columns=["a", "b", "c"]).assign(y=1, t="2026-01-01")
    path = tmp_path / "rows"
    rows.to_csv(path, index=False)
    wanted = Wanted("artifact:reference.csv", time_column="t", target="y")

    def shaped(*shape: int) -> Reference:
        return read(path, wanted, described(tensors=(Tensor("input-0", "float32", shape, named=False),)))

    assert (shaped(3).inputs.dtype, shaped(3).inputs[1].tolist()) == ("float32", [3.0, 4.0, 5.0])
    with pytest.raises(PermanentFault, match='row 1 has 3 values for "input-0", which takes 4'):
        shaped(2, 2)
