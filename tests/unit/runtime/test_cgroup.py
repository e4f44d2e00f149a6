"""The CPU limit of a container."""

from pathlib import Path

import pytest

from leeboard_runtime.cgroup import cpu_limit

CASES = {
    "half a core is one": ({"cpu.max": "50000 100000"}, 1),
    "two and a half cores are three": ({"cpu.max": "250000 100000"}, 3),
    "no limit": ({"cpu.max": "max 100000"}, None),
    "version 1": ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
    "version 1 without a limit": ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
    "no control groups": ({}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_limit(case: str, tmp_path: Path) -> None:
    files, expected = CASES[case]
    (tmp_path / "cpu").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert cpu_limit(tmp_path) == expected
