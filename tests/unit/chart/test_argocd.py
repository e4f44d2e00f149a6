"""Argo CD's health script, run by the Lua version that Argo CD runs, on the test data that lie beside it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime

from tests.support.chart import ROOT

FOLDER = ROOT / "docs" / "argocd"
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "health_test.yaml").read_text())["tests"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_argo_cd_sees(case: dict[str, Any]) -> None:
    lua = LuaRuntime(unpack_returned_tuples=True)
    lua.globals().obj = lua.table_from(case["object"], recursive=True)
    answer = lua.execute((FOLDER / "health.lua").read_text())
    assert dict(answer) == case["healthStatus"]
