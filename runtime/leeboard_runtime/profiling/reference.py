"""The reference: rows of a CSV or Parquet file in the order of time, as the model takes them.

Nothing is guessed: a column of the signature that the file lacks, a value that is not of its column's type, or a time
that is none is a fault that names the column and the row. Rows beyond MAX_ROWS are left out, the oldest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from leeboard_runtime.digest import digest_of
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.frames import Array, ModelInput
from leeboard_runtime.profiling.parsing import invalid, texts_of, typed
from leeboard_runtime.signature import Column, Description, Tensor

MIN_ROWS = 200
"""Ten cells of twenty rows: with fewer, deciles mean nothing."""
MAX_ROWS = 200_000
MICROSECONDS = 1_000_000
TEXT_TYPES = frozenset({"string", "binary"})
NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
"""What a CSV file says where it has no value, but in a column of text."""
SUFFIXES = {".csv": "CSV", ".parquet": "Parquet", ".pq": "Parquet"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the file is asked for: ``format`` is empty where the suffix of ``source`` tells it."""

    source: str
    format: str = ""
    time_column: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """``inputs`` are what the model takes, ``times`` microseconds since 1970 in UTC, ``labels`` texts, numbers or None;
    all in the order of time. ``absent`` are optional columns that the file lacks.
    """

    source: str
    digest: str
    rows: int
    inputs: ModelInput
    times: Array | None
    labels: list[Any] | None
    absent: tuple[str, ...] = ()


def read(path: Path, wanted: Wanted, description: Description) -> Reference:
    """The reference of a file. Raises PermanentFault (ReferenceInvalid, ReferenceTooSmall)."""
    frame = _frame(path, wanted, description)
    for name, option in ((wanted.time_column, "timeColumn"), (wanted.target, "target")):
        if name and name not in frame.columns:
            raise invalid(f'{option} "{name}" is not in the file; it has {listed(frame)}')
    times = times_of(frame[wanted.time_column], wanted.time_column) if wanted.time_column else None
    if times is not None:
        order = np.argsort(times, kind="stable")
        frame, times = frame.iloc[order], times[order]
    if len(frame) < MIN_ROWS:
        message = f"the reference has {len(frame)} rows; {MIN_ROWS} are the fewest that make ten cells of twenty rows"
        raise PermanentFault(Reason.REFERENCE_TOO_SMALL, message)
    frame = frame.iloc[-MAX_ROWS:].reset_index(drop=True)
    return Reference(
        source=wanted.source,
        digest=digest_of(path),
        rows=len(frame),
        inputs=_inputs(frame, wanted, description),
        times=None if times is None else times[-MAX_ROWS:],
        labels=labels_of(frame[wanted.target]) if wanted.target else None,
        absent=tuple(c.name for c in description.columns if c.name not in frame.columns),
    )


def format_of(wanted: Wanted) -> str:
    """CSV or Parquet. Raises PermanentFault(ReferenceInvalid)."""
    kind = wanted.format or SUFFIXES.get(Path(urlsplit(wanted.source).path).suffix.lower(), "")
    if kind not in SUFFIXES.values():
        raise invalid(f"{wanted.source} is neither .csv nor .parquet; say which by format")
    return kind


def _frame(path: Path, wanted: Wanted, description: Description) -> pd.DataFrame:
    """The file's columns; texts stay texts, so that "007" and "NA" mean what they say."""
    kind = format_of(wanted)
    texts = {column.name for column in description.columns if column.type in TEXT_TYPES}
    try:
        if kind == "Parquet":
            return pd.read_parquet(path)
        names = list(pd.read_csv(path, nrows=0).columns)
        keep = {name: str for name in names if name in texts}
        null = {name: [""] if name in texts else NULLS for name in names}
        return pd.read_csv(path, dtype=keep, keep_default_na=False, na_values=null, low_memory=False)
    except (ValueError, OSError, UnicodeError) as error:  # pyarrow's and the parser's errors are ValueErrors
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise invalid(f"the file cannot be read as {kind}: {first}") from error


def times_of(column: pd.Series, name: str) -> Array:
    """Microseconds since 1970 in UTC; a time without an offset is UTC."""
    if pd.api.types.is_numeric_dtype(column):
        raise invalid(f'timeColumn "{name}" holds numbers; write dates and times as ISO 8601')
    try:
        parsed = pd.to_datetime(column, utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise invalid(f'timeColumn "{name}" holds a value that is no ISO 8601 time: {first}') from error
    if parsed.isna().any():
        raise invalid(f'timeColumn "{name}" has no time in row {int(np.argmax(parsed.isna().to_numpy())) + 1}')
    return np.asarray(parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64))


def moment_text(microseconds: int) -> str:
    """RFC 3339 in UTC with whole seconds."""
    return datetime.fromtimestamp(microseconds // MICROSECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _inputs(frame: pd.DataFrame, wanted: Wanted, description: Description) -> ModelInput:
    if description.columns:
        return _columns(frame, description.columns)
    arrays = {tensor.name: _tensor(frame, tensor, wanted) for tensor in description.tensors}
    first = description.tensors[0]
    return arrays if first.named else arrays[first.name]


def _columns(frame: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """The columns of the signature in its order, each of the dtype that the server's rows have."""
    missing = [column.name for column in columns if column.required and column.name not in frame.columns]
    if missing:
        named = ", ".join(f'"{name}"' for name in missing)
        raise invalid(f"the file lacks {named}, which the model's signature requires; it has {listed(frame)}")
    return pd.DataFrame({c.name: typed(frame[c.name], c) for c in columns if c.name in frame.columns})


def _tensor(frame: pd.DataFrame, tensor: Tensor, wanted: Wanted) -> Array:
    """One array a row: a column of lists, a plain column, or all other columns of the file in its order."""
    size = int(np.prod(tensor.shape))
    if tensor.name in frame.columns:
        rows = [np.asarray(value).ravel() for value in frame[tensor.name]]
    elif tensor.named or tensor.numpy in {"str", "object"}:
        raise invalid(f'the file lacks "{tensor.name}", a tensor of the model\'s signature; it has {listed(frame)}')
    else:
        rest = frame.drop(columns=[name for name in (wanted.time_column, wanted.target) if name])
        rows = list(rest.to_numpy())
    wrong = next((row for row, values in enumerate(rows) if len(values) != size), None)
    if wrong is not None:
        raise invalid(f'row {wrong + 1} has {len(rows[wrong])} values for "{tensor.name}", which takes {size}')
    try:
        dtype = object if tensor.numpy in {"str", "object"} else np.dtype(tensor.numpy)
        return np.asarray(rows, dtype=dtype).reshape(len(rows), *tensor.shape)
    except (ValueError, TypeError) as error:
        raise invalid(f'the columns of "{tensor.name}" hold a value that is no {tensor.numpy}: {error}') from error


def labels_of(column: pd.Series) -> list[Any]:
    """Plain values; None for a row that has no label."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return [None if pd.isna(value) else value for value in column.tolist()]
    return texts_of(column)


def listed(frame: pd.DataFrame) -> str:
    """The names of its columns, as many as fit in a sentence."""
    names = [f'"{name}"' for name in frame.columns]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""  # noqa: PLR2004 - as many as fit in a sentence
    return ", ".join(names[:20]) + more
