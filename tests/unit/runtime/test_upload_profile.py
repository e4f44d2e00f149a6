"""A profile that a stranger's container left: its form is checked before anything is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.upload_profile import upload_profile

DIGEST = f"sha256:{'d' * 64}"
GOOD: dict[str, Any] = {
    "schema": 1,
    "model": {"digest": DIGEST},
    "reference": {"rows": 300},
    "features": [{"kind": "Numeric"}],
}
STRANGE = {
    "no file": (None, "FileNotFoundError"),
    "no JSON": ("nonsense", "JSONDecodeError"),
    "no object": ("[]", "TypeError"),
    "another schema": (json.dumps({**GOOD, "schema": 2}), "its schema is 2, not 1"),
    "no model": (json.dumps({"schema": 1}), "KeyError: 'model'"),
    "another model": (json.dumps({**GOOD, "model": {"digest": "sha256:0"}}), "it speaks of a model with digest"),
    "deep nesting": ("[" * 200_000, "RecursionError"),
}


@pytest.mark.parametrize(("content", "message"), STRANGE.values(), ids=STRANGE)
def test_is_refused(content: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(PermanentFault) as raised:
        upload_profile(path, run_id="run-1", model_digest=DIGEST)

    assert raised.value.reason == "ProfileInvalid"
    assert message in raised.value.message


def test_a_link_to_somebody_elses_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps(GOOD))
    (tmp_path / "profile.json").symlink_to(tmp_path / "secret.json")

    with pytest.raises(PermanentFault, match="not a plain file"):
        upload_profile(tmp_path / "profile.json", run_id="run-1", model_digest=DIGEST)
