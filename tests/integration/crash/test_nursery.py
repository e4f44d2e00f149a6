"""Operators of the sweep do not outlive the tests, however those end."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import Api, eventually
from tests.integration.crash.lives import settings_of
from tests.integration.crash.nursery import Nursery

pytestmark = pytest.mark.integration
GONE_SECONDS = 10.0


def kill(nursery: Nursery) -> None:
    os.kill(nursery.pid, signal.SIGKILL)


def leave(nursery: Nursery) -> None:
    nursery.__exit__(None, None, None)


@pytest.fixture
def settings(namespace: str, tmp_path: Path) -> dict[str, str]:
    """Of an operator that nothing kills."""
    told = {"CRASH_JOURNAL": str(tmp_path / "journal"), "CRASH_AFTER": "", "CRASH_FROM": str(tmp_path / "begins")}
    return settings_of(namespace, tracking_uri="http://127.0.0.1:1") | told


@pytest.mark.parametrize("end", [leave, kill], ids=["its input ends", "it is killed"])
def test_operators_end_with_the_process_that_forked_them(
    end: Callable[[Nursery], None], api: Api, settings: dict[str, str]
) -> None:
    with Nursery(api.server.kubeconfig) as nursery:
        life = nursery.start(settings, log=Path(settings["CRASH_JOURNAL"]).with_name("log"))
        eventually(lambda: life.log.exists() and "operator started" in life.log.read_text(), what="the operator")
        assert not life.is_over()

        end(nursery)

        is_over = life.is_over(seconds=GONE_SECONDS)
        life.stop()
    assert is_over
