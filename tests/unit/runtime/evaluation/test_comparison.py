"""The answers of two versions, read as a stranger's, and what is counted of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.evaluation import comparison
from leeboard_runtime.evaluation.comparison import compare_answers

SUMMARY = {"rowsDigest": "sha256:1", "after": "a", "since": "s", "until": "u", "notLater": 4, "unlabelled": 1}
YES_NO: dict[str, Any] = {"schema": 1, "task": "Binary", "classes": ["no", "yes"]}
NUMBERS: dict[str, Any] = {"schema": 1, "task": "Regression", "classes": []}
TRUTH = ["yes", "no", "yes", "yes", "no"]


@pytest.fixture(autouse=True)
def _message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEBOARD_TERMINATION_MESSAGE", str(tmp_path / "termination"))


def compared(folder: Path, truth: list[Any], *content: object) -> dict[str, Any]:
    """The message about the answers of versions 2 and 1."""
    (folder / "labels").mkdir()
    (folder / "labels" / "labels.json").write_text(json.dumps({"schema": 1, "summary": SUMMARY, "labels": truth}))
    paths = []
    for name, written in zip(("candidate", "champion"), content, strict=True):
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(written if isinstance(written, str) else json.dumps(written))
    compare_answers(folder / "labels", *paths, versions=("2", "1"))
    found: dict[str, Any] = json.loads((folder / "termination").read_text())
    return found


def answers(version: str, kind: dict[str, Any], *predicted: object, **changes: object) -> dict[str, Any]:
    return {**kind, "version": version, "predicted": list(predicted), **changes}


def fault(folder: Path, truth: list[Any], *content: object) -> tuple[str, str]:
    with pytest.raises(PermanentFault) as raised:
        compared(folder, truth, *content)
    return raised.value.reason, raised.value.message


def test_rows_are_counted_in_pairs(tmp_path: Path) -> None:
    found = compared(tmp_path, TRUTH, answers("2", YES_NO, 1, 0, 1, 0, -1), answers("1", YES_NO, 1, 1, 0, 1, 1))
    assert found == {"candidate": "2", "champion": "1", "rows": 5, **SUMMARY, "pairs": [1, 2, 1, 1]}


def test_each_version_has_its_own_order_and_number_of_classes(tmp_path: Path) -> None:
    three = {**YES_NO, "task": "Multiclass", "classes": ["yes", "perhaps", "no"]}
    found = compared(tmp_path, TRUTH, answers("2", three, 0, 2, 0, 0, 2), answers("1", YES_NO, 1, 0, 1, 1, 1))
    assert found["pairs"] == [4, 1, 0, 0]


def test_a_class_that_a_version_never_learnt_is_answered_wrongly(tmp_path: Path) -> None:
    found = compared(
        tmp_path, ["yes", "new", "no"], answers("2", {**YES_NO, "classes": ["no", "yes", "new"]}, 1, 2, 0),
        answers("1", YES_NO, 1, -1, 0),
    )  # fmt: skip
    assert found["pairs"] == [2, 1, 0, 0]


def test_integers_read_as_floats_are_the_same_classes(tmp_path: Path) -> None:
    zero_one = {**YES_NO, "classes": ["0", "1"]}
    assert compared(tmp_path, [1.0, 0.0], answers("2", zero_one, 1, 0), answers("1", zero_one, 1, 1))["pairs"] == [
        1,
        1,
        0,
        0,
    ]


def test_errors_of_numbers_are_summed(tmp_path: Path) -> None:
    found = compared(tmp_path, [1, 2.5, 4], answers("2", NUMBERS, 1, 2.0, 5), answers("1", NUMBERS, 3, 2.5, 1))
    assert found["errors"] == [1.5, 5.0, 1.25, 13.0, 3.0]


GOOD = answers("1", YES_NO, 1, 0, 1, 1, 0)
FORGED: dict[str, tuple[object, str]] = {
    "of another version": (answers("3", YES_NO, 1, 0, 1, 1, 0), "version '3'"),
    "of another schema": (answers("2", YES_NO, 1, 0, 1, 1, 0, schema=2), "schema 2"),
    "fewer than the rows": (answers("2", YES_NO, 1, 0), "are not 5"),
    "a class beyond the list": (answers("2", YES_NO, 1, 0, 1, 1, 2), "a class that is not in their list"),
    "true for a class": (answers("2", YES_NO, *(1, 0, 1, 1, True)), "a class that is not in their list"),
    "no classes": (answers("2", YES_NO, 1, 0, 1, 1, 0, classes=[]), "no list of 1 to 100"),
    "a class twice": (answers("2", YES_NO, 1, 0, 1, 1, 0, classes=["no", "no"]), "different classes"),
    "a number for a class": (answers("2", YES_NO, 1, 0, 1, 1, 0, classes=["no", 1]), "no text"),
    "another task": (answers("2", {**YES_NO, "task": "Oracle"}, 1, 0, 1, 1, 0), "task 'Oracle'"),
    "a list": ("[]", "no JSON object"),
    "no JSON": ("{", "cannot be read"),
    "nested without end": ("[" * 200_000, "cannot be read"),
    "numbers beside classes": (answers("2", NUMBERS, 1, 0, 1, 1, 0), "version 2 answers with numbers"),
}


@pytest.mark.parametrize("case", FORGED)
def test_answers_that_are_none_are_refused(case: str, tmp_path: Path) -> None:
    content, words = FORGED[case]
    reason, message = fault(tmp_path, TRUTH, content, GOOD)
    assert (reason, words in message) == ("AnswersInvalid", True), message


@pytest.mark.parametrize("odd", [None, "1", float("nan"), 10**400], ids=["null", "a text", "NaN", "a huge integer"])
def test_a_row_without_a_finite_number_ends_the_comparison(odd: object, tmp_path: Path) -> None:
    content = json.dumps(answers("2", NUMBERS, 1, odd))
    assert fault(tmp_path, [1, 2], content, answers("1", NUMBERS, 1, 2))[0] == "AnswersInvalid"


def test_errors_beyond_all_sums_are_no_result(tmp_path: Path) -> None:
    reason, message = fault(tmp_path, [1, 2], answers("2", NUMBERS, 1e300, 2), answers("1", NUMBERS, 1, 2))
    assert (reason, "too large" in message) == ("AnswersInvalid", True)


def test_a_file_larger_than_any_answers_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "LIMIT_BYTES", 10)
    assert "longer than 10 bytes" in fault(tmp_path, TRUTH, GOOD, GOOD)[1]


def test_a_link_to_the_labels_is_no_file_of_answers(tmp_path: Path) -> None:
    compared(tmp_path, TRUTH, {**GOOD, "version": "2"}, GOOD)
    path = tmp_path / "candidate.json"
    path.unlink()
    path.symlink_to(tmp_path / "labels" / "labels.json")
    with pytest.raises(PermanentFault, match="are no plain file"):
        compare_answers(tmp_path / "labels", path, tmp_path / "champion.json", versions=("2", "1"))


def test_a_target_of_other_words_than_the_classes_is_a_wrong_target(tmp_path: Path) -> None:
    candidate = {**GOOD, "version": "2"}
    reason, message = fault(tmp_path, ["good", "bad", "good", "bad", "bad"], candidate, GOOD)
    assert (reason, message) == (
        "RowsInvalid",
        "the target holds 'good', which is none of the classes of version 2: no, yes",
    )


def test_words_are_no_target_of_numbers(tmp_path: Path) -> None:
    reason, _ = fault(tmp_path, ["much", "little"], answers("2", NUMBERS, 1, 2), answers("1", NUMBERS, 1, 2))
    assert reason == "RowsInvalid"
