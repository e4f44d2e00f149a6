"""The command line and its environment variables."""

import subprocess
import sys
from pathlib import Path

import pytest

from leeboard_runtime.cli import parse
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.monitoring_setup import monitoring_of
from leeboard_runtime.serve import server_options

REQUIRED = ["serve", "--name", "car", "--version", "3"]


def test_serve_has_the_documented_defaults() -> None:
    options = server_options(parse(REQUIRED, {}))
    assert (options.port, options.metrics_port, options.drain_seconds, options.least_drain_seconds) == (
        8080,
        9090,
        30,
        5,
    )
    assert (options.limits.max_rows, options.limits.queue, options.limits.timeout_seconds) == (0, 1024, 60)
    assert (options.worker.model, options.worker.lean, options.worker.python) == (
        Path("/mnt/model"),
        False,
        sys.executable,
    )


def test_an_option_comes_from_the_environment_and_the_command_line_wins() -> None:
    environment = {
        "LEEBOARD_NAME": "car",
        "LEEBOARD_VERSION": "3",
        "LEEBOARD_BATCHING": "true",
        "LEEBOARD_MAX_BATCH": "64",
        "LEEBOARD_DRAIN_TIMEOUT": "90.5",
    }
    options = server_options(parse(["serve", "--max-batch", "32"], environment))
    assert (options.name, options.version, options.limits.max_rows, options.drain_seconds) == ("car", "3", 32, 90.5)


def test_a_switch_comes_from_the_environment() -> None:
    arguments = ["fetch", "--model-uri", "models:/m-1"]
    assert parse(arguments, {"LEEBOARD_COMPARE_REQUIREMENTS": "true"}).compare_requirements
    assert not parse(arguments, {}).compare_requirements


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--name", "car"],
        [*REQUIRED, "--batching", "yes"],
        [*REQUIRED, "--max-batch", "0"],
        [*REQUIRED, "--drain-timeout", "-1"],
        [*REQUIRED, "--request-timeout", "nan"],
        ["fetch"],
        ["evaluate"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, {})
    assert ended.value.code == 2
    assert "usage: leeboard-runtime" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--token-keys", "/keys"], "--token-keys and --feedback-credential are given together"),
        (["--feedback-credential", "/credential"], "--token-keys and --feedback-credential are given together"),
        (["--segments", '[{"column": "a", "values": ["x"]}]'], "need --profile"),
        (["--token-keys", "/keys", "--feedback-credential", "/credential"], "need --profile"),
        (["--profile", "/nowhere/profile.json"], "--profile: /nowhere/profile.json cannot be read"),
    ],
)
def test_options_of_monitoring_that_do_not_go_together_are_refused(arguments: list[str], sentence: str) -> None:
    options = server_options(parse([*REQUIRED, *arguments], {}))
    with pytest.raises(PermanentFault, match=sentence) as caught:
        monitoring_of(options.monitoring, ("car", "3", ""))
    assert caught.value.reason is Reason.MONITORING_INVALID


def test_without_a_profile_nothing_of_monitoring_is_loaded() -> None:
    code = (
        "import sys; from leeboard_runtime import server;"
        "print(sorted({'cryptography', 'leeboard_runtime.monitor', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert monitoring_of(server_options(parse(REQUIRED, {})).monitoring, ("car", "3", "")) is None


def test_with_a_profile_and_keys_the_front_still_holds_no_numpy() -> None:
    code = (
        "import sys; from leeboard_runtime import server, monitor, monitor_metrics, watched;"
        "print(sorted({'numpy', 'pandas', 'mlflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
