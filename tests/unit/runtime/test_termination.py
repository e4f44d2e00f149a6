"""The termination message."""

import json
from pathlib import Path

import pytest

from leeboard_runtime.errors import PermanentFault, Reason, RuntimeFault, TransientFault
from leeboard_runtime.termination import PATH_VARIABLE, encode, write_fault, write_termination


def test_a_fault_is_written_as_reason_and_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "message"))
    write_fault(PermanentFault(Reason.DIGEST_MISMATCH, "it has another digest"))
    assert json.loads((tmp_path / "message").read_text()) == {
        "reason": "DigestMismatch",
        "message": "it has another digest",
    }


def test_a_path_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "missing" / "message"))
    write_termination({"digest": "sha256:0"})
    assert capsys.readouterr().err == 'termination message: {"digest":"sha256:0"}\n'


@pytest.mark.parametrize(
    "content",
    [
        {"reason": "LoadFailed", "message": "x" * 10_000},
        {"reason": "LoadFailed", "message": "\N{GRINNING FACE}" * 5_000},
        {"reason": "LoadFailed", "message": '"\n\\' * 5_000},
        {"digest": "sha256:0", "bytes": 1, "warnings": ["w" * 300] * 50},
    ],
    ids=["long", "wide characters", "escapes", "many warnings"],
)
def test_a_message_is_json_of_at_most_4096_bytes(content: dict[str, object]) -> None:
    line = encode(content)
    assert len(line.encode()) <= 4096
    assert json.loads(line).keys() == content.keys()


def test_a_sentence_is_on_one_line() -> None:
    assert json.loads(encode({"message": "first\n  second\tthird"})) == {"message": "first second third"}


@pytest.mark.parametrize(("kind", "code"), [(PermanentFault, 2), (TransientFault, 75)])
def test_exit_codes_tell_the_kubelet_whether_to_try_again(kind: type[RuntimeFault], code: int) -> None:
    assert kind(Reason.LOAD_FAILED, "").exit_code == code
