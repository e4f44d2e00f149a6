"""The commands that compare two versions, as the command line declares them; their parts are imported when they run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.options import Options, path_or_none

Command = tuple[str, str, Callable[[Options], None], Callable[[argparse.Namespace], None]]
SOURCE = "where the rows came from; its suffix tells the format where --format does not"


def _declare_select(options: Options) -> None:
    options.add("rows", "file with the rows", kind=Path, default="/mnt/rows/rows")
    options.add("source", SOURCE)
    options.add("format", "CSV or Parquet", default="")
    options.add("time-column", "column that orders the rows")
    options.add("target", "column with the labels")
    for who in ("candidate", "champion"):
        options.add(f"{who}-version", "a version")
        options.add(f"{who}-made", "when it was made, RFC 3339: counts where its profile tells no time")
        options.add(f"{who}-profile", "its profile, none where it has none", kind=path_or_none, default="")
    options.add("inputs", "folder to write the rows to, without their labels", kind=Path, default="/mnt/inputs")
    options.add("labels", "folder to write the labels to", kind=Path, default="/mnt/labels")


def _declare_answer(options: Options) -> None:
    options.add("model", "directory of the model", kind=Path)
    options.add("model-name", "the registered model")
    options.add("model-version", "its version")
    options.add("model-digest", "digest of the model's files (sha256:...)")
    options.add("inputs", "folder with the rows", kind=Path, default="/mnt/inputs")
    options.add("source", SOURCE)
    options.add("format", "CSV or Parquet", default="")
    options.add("time-column", "column that orders the rows")
    options.add("answers", "file to write", kind=Path)


def _declare_compare(options: Options) -> None:
    options.add("labels", "folder with the labels", kind=Path, default="/mnt/labels")
    for who in ("candidate", "champion"):
        options.add(f"{who}-version", "a version")
        options.add(f"{who}-answers", "file with its answers", kind=Path)


def _run_select(options: argparse.Namespace) -> None:
    from leeboard_runtime.evaluation.selection import Trained, select_rows  # noqa: PLC0415
    from leeboard_runtime.profiling.reference import Wanted  # noqa: PLC0415

    select_rows(
        options.rows,
        options.inputs,
        options.labels,
        wanted=Wanted(options.source, options.format, options.time_column, options.target),
        trained=(
            Trained(options.candidate_version, options.candidate_profile, options.candidate_made),
            Trained(options.champion_version, options.champion_profile, options.champion_made),
        ),
    )


def _run_answer(options: argparse.Namespace) -> None:
    try:
        from leeboard_runtime.evaluation.answering import answer  # noqa: PLC0415
        from leeboard_runtime.profiling.document import Subject  # noqa: PLC0415
        from leeboard_runtime.profiling.reference import Wanted  # noqa: PLC0415
    except ImportError as error:
        raise PermanentFault(Reason.LOAD_FAILED, f"this image cannot load models: {error}") from error
    answer(
        options.model,
        options.inputs,
        options.answers,
        subject=Subject(options.model_name, options.model_version, options.model_digest),
        wanted=Wanted(options.source, options.format, options.time_column),
    )


def _run_compare(options: argparse.Namespace) -> None:
    from leeboard_runtime.evaluation.comparison import compare_answers  # noqa: PLC0415

    compare_answers(
        options.labels,
        options.candidate_answers,
        options.champion_answers,
        versions=(options.candidate_version, options.champion_version),
    )


COMMANDS: tuple[Command, ...] = (
    (
        "select-rows",
        "Choose the rows that are later than both trainings, and part them from their labels.",
        _declare_select,
        _run_select,
    ),
    ("answer", "Load a model and write its answers to the chosen rows.", _declare_answer, _run_answer),
    ("compare-answers", "Count which of two versions answered rightly.", _declare_compare, _run_compare),
)
