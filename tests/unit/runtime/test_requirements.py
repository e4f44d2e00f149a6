"""What a model was made with, compared with an image."""

from pathlib import Path

import pytest

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.requirements import Recorded, Verdict, compare, read_record

IMAGE = {"scikit-learn": "1.7.2", "numpy": "2.4.6", "pandas": "2.3.3"}


def recorded(*requirements: str, flavor: str = "sklearn", python: str = "3.11.7") -> Recorded:
    return Recorded(flavor, (flavor, "python_function"), python, "3.17.2", requirements)


CASES: dict[str, tuple[Recorded, Verdict, list[str]]] = {
    "the same versions match": (recorded("scikit-learn==1.7.2", "numpy==2.4.6"), Verdict.MATCH, []),
    "another Python patch matches": (recorded(python="3.11.2"), Verdict.MATCH, []),
    "another Python minor is refused": (
        recorded(python="3.12.1"),
        Verdict.REFUSE,
        ["Python 3.12.1 made the model, this image has 3.11.9"],
    ),
    "another minor of the flavour's library is refused": (
        recorded("scikit-learn==1.6.1"),
        Verdict.REFUSE,
        ["scikit-learn==1.6.1 made the model, this image has scikit-learn 1.7.2"],
    ),
    "another patch of the flavour's library warns": (
        recorded("scikit-learn==1.7.0"),
        Verdict.WARN,
        ["scikit-learn==1.7.0 made the model, this image has scikit-learn 1.7.2"],
    ),
    "a flavour's library that is not here is refused": (
        recorded("xgboost==3.0.0", flavor="xgboost"),
        Verdict.REFUSE,
        ["xgboost==3.0.0 is not in this image"],
    ),
    "another library that is not here warns": (
        recorded("shap==0.48.0"),
        Verdict.WARN,
        ["shap==0.48.0 is not in this image"],
    ),
    "another version of another library warns": (
        recorded("numpy==1.26.4"),
        Verdict.WARN,
        ["numpy==1.26.4 made the model, this image has numpy 2.4.6"],
    ),
    "a spelling of the name does not matter": (recorded("Scikit_Learn==1.7.2"), Verdict.MATCH, []),
    "a requirement for another platform does not matter": (
        recorded("pywin32==300; sys_platform == 'win32'"),
        Verdict.MATCH,
        [],
    ),
    "a line that is no requirement warns": (
        recorded("--index-url https://example.org"),
        Verdict.WARN,
        ["requirement '--index-url https://example.org' cannot be compared"],
    ),
    "no recorded Python warns": (recorded(python=""), Verdict.WARN, ["the model records no Python version"]),
    "what refuses is told first": (
        recorded("numpy==1.26.4", "scikit-learn==1.5.0"),
        Verdict.REFUSE,
        [
            "scikit-learn==1.5.0 made the model, this image has scikit-learn 1.7.2",
            "numpy==1.26.4 made the model, this image has numpy 2.4.6",
        ],
    ),
    "a range that this image meets matches": (recorded("pandas<3,>=2"), Verdict.MATCH, []),
    "a range that the flavour's library does not meet is refused": (
        recorded("scikit-learn<1.7"),
        Verdict.REFUSE,
        ["scikit-learn<1.7 made the model, this image has scikit-learn 1.7.2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_verdict(case: str) -> None:
    record, verdict, sentences = CASES[case]
    comparison = compare(record, python_version="3.11.9", installed=IMAGE.get)
    assert (comparison.verdict, comparison.sentences) == (verdict, sentences)


def test_the_record_is_read_as_data(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function: {python_version: 3.11.7}\n  sklearn: {code: null}\nmlflow_version: 3.17.2\n"
    )
    (tmp_path / "requirements.txt").write_text("mlflow==3.17.2\n\n# a comment\nnumpy==2.4.6 # why\n")
    assert read_record(tmp_path) == Recorded(
        "sklearn", ("python_function", "sklearn"), "3.11.7", "3.17.2", ("mlflow==3.17.2", "numpy==2.4.6")
    )


BROKEN = {
    "no file": None,
    "no YAML": "{",
    "no flavors": "a: 1\n",
    "a list": "- 1\n",
    "tags": "!!python/object/apply:os.getpid []",
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_unreadable_record_is_no_model(case: str, tmp_path: Path) -> None:
    text = BROKEN[case]
    if text is not None:
        (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(PermanentFault) as fault:
        read_record(tmp_path)
    assert fault.value.reason is Reason.MODEL_INVALID
