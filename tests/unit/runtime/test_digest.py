"""The content digest of a model directory."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leeboard_runtime.digest import Content, measure
from leeboard_runtime.errors import PermanentFault, Reason


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    (tmp_path / "data" / "weights").write_bytes(b"\0\1")
    return tmp_path


def test_the_digest_is_what_its_definition_says(model: Path) -> None:
    lines = "".join(
        f"{path}\0{len(content)}\0{hashlib.sha256(content).hexdigest()}\n"
        for path, content in (("MLmodel", b"flavors: {}\n"), ("data/weights", b"\0\1"))
    )
    assert measure(model) == Content(f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}", size_bytes=14, files=2)


CHANGES = {
    "a byte changes": lambda model: (model / "data" / "weights").write_bytes(b"\0\2"),
    "a file is added": lambda model: (model / "code.py").write_text(""),
    "a file is renamed": lambda model: (model / "MLmodel").rename(model / "mlmodel"),
    "a file moves into a folder": lambda model: (model / "MLmodel").rename(model / "data" / "MLmodel"),
    "MLflow's mark lies deeper": lambda model: (model / "data" / "registered_model_meta").write_text(""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_changes_when(change: str, model: Path) -> None:
    before = measure(model).digest
    CHANGES[change](model)
    assert measure(model).digest != before


def test_what_mlflow_and_fetch_add_at_the_top_is_left_out(model: Path) -> None:
    before = measure(model)
    (model / "registered_model_meta").write_text("model_name: car\n")
    (model / ".leeboard-complete").write_text("{}")
    (model / ".leeboard-download").mkdir()
    (model / ".leeboard-download" / "part").write_text("x")
    assert measure(model) == before


LINKS: dict[str, Callable[[Path], None]] = {
    "a link to a file": lambda model: (model / "link").symlink_to(model / "MLmodel"),
    "a link to a folder": lambda model: (model / "link").symlink_to(model / "data"),
    "a pipe": lambda model: os.mkfifo(model / "pipe"),
}


@pytest.mark.parametrize("case", LINKS)
def test_what_is_no_plain_file_is_refused(case: str, model: Path) -> None:
    LINKS[case](model)
    with pytest.raises(PermanentFault) as fault:
        measure(model)
    assert fault.value.reason is Reason.MODEL_INVALID
