"""Models saved once, and servers of them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.ports import free_ports
from tests.integration.runtime.serving import ROOT, ModelServer, command_environment, serving

StartServer = Callable[..., ModelServer]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every model of models.py."""
    folder = tmp_path_factory.mktemp("models")
    environment = command_environment(folder, PYTHONPATH=f"{ROOT}:{ROOT / 'runtime'}", PYTHONWARNINGS="ignore")
    command = [sys.executable, "-m", "tests.integration.runtime.models", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def start(models: Path, tmp_path: Path) -> Iterator[StartServer]:
    """Start servers of a saved model by name."""
    with ExitStack() as stack:

        def begin(model: str, *options: str, wait: bool = True) -> ModelServer:
            server = stack.enter_context(serving(models / model, tmp_path, free_ports(2), options=options))
            if wait:
                server.wait_until_ready()
            return server

        yield begin


@pytest.fixture(scope="module")
def shared(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModelServer]]:
    """One batching server a model for a whole module, for tests that only ask it."""
    running: dict[str, ModelServer] = {}
    with ExitStack() as stack:

        def get(model: str) -> ModelServer:
            if model not in running:
                folder = tmp_path_factory.mktemp(model)
                options = ("--batching", "true", "--lean", "true")
                running[model] = stack.enter_context(serving(models / model, folder, free_ports(2), options=options))
                running[model].wait_until_ready()
            return running[model]

        yield get
