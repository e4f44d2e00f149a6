"""``predict`` through a real model server, with the signature of a ModelVersion on a real API server."""

from __future__ import annotations

import csv
import io
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.conftest import CommandLine, Services
from tests.integration.runtime.serving import ROOT, ModelServer, command_environment, serving

pytestmark = pytest.mark.integration
COLUMNS = [
    {"name": "amount", "type": "double", "required": False},
    {"name": "ratio", "type": "float", "required": False},
    {"name": "count", "type": "long", "required": False},
    {"name": "small", "type": "integer", "required": True},
    {"name": "member", "type": "boolean", "required": False},
    {"name": "city", "type": "string", "required": False},
    {"name": "since", "type": "datetime", "required": False},
    {"name": "blob", "type": "binary", "required": False},
]
SAVE = """
import pathlib, sys
from tests.integration.runtime.models import MODELS
MODELS["mixed"](pathlib.Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """A server of a model with a column of every type."""
    folder = tmp_path_factory.mktemp("predict")
    environment = command_environment(folder, PYTHONPATH=f"{ROOT}:{ROOT / 'runtime'}", PYTHONWARNINGS="ignore")
    command = [sys.executable, "-c", SAVE, str(folder / "mixed")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = (one.getsockname()[1], other.getsockname()[1])
    with serving(folder / "mixed", folder, ports) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(autouse=True)
def version(services: Services) -> None:
    """A service that serves version 7 of the model, whose signature is known."""
    services.make("car-loan")
    base = f"/apis/leeboard.dev/v1alpha1/namespaces/{services.namespace}/modelversions"
    made = services.api.create(
        base,
        {
            "apiVersion": "leeboard.dev/v1alpha1",
            "kind": "ModelVersion",
            "metadata": {"name": "car-loan-v7", "namespace": services.namespace},
            "spec": {"model": "car-loan", "version": "7", "source": {"runID": "r", "modelURI": "models:/m-1"}},
        },
    )
    made["status"] = {"observedGeneration": 1, "signature": {"inputs": COLUMNS, "outputs": []}}
    services.api.rest.replace(f"{base}/car-loan-v7/status", made)


def _file(folder: Path, text: str) -> str:
    path = folder / "rows.csv"
    path.write_text(text)
    return str(path)


ROWS = """\
small,amount,ratio,count,member,city,since,blob
1,10.5,0.5,3,true,Bergen,2026-03-01T12:00:00Z,aGk=
2,,,4,,,,
"""


def test_rows_of_every_type_are_predicted(leeboard: CommandLine, server: ModelServer, tmp_path: Path) -> None:
    end = leeboard.run("predict", "car-loan", "-f", _file(tmp_path, ROWS), "--url", server.url)
    assert end.code == 0, end.errors
    answers = list(csv.DictReader(io.StringIO(end.output)))
    assert (len(answers), set(answers[0])) == (2, {"score", "seen"})
    assert "Bergen" in answers[0]["seen"]
    printed = leeboard.run("predict", "car-loan", "-f", _file(tmp_path, ROWS), "--url", server.url, "-o", "json")
    document = json.loads(printed.output)
    assert (document["model_name"], document["model_version"]) == ("car-loan", "3")
    assert [output["name"] for output in document["outputs"]] == ["score", "seen"]
    assert document["outputs"][1]["data"] == [answer["seen"] for answer in answers]


def test_more_rows_than_one_request_holds_come_back_in_order(
    leeboard: CommandLine, server: ModelServer, tmp_path: Path
) -> None:
    rows = "small,city\n" + "".join(f"{number % 100},place-{number}\n" for number in range(2300))
    end = leeboard.run("predict", "car-loan", "-f", _file(tmp_path, rows), "--url", server.url)
    answers = list(csv.DictReader(io.StringIO(end.output)))
    assert len(answers) == 2300, end.errors
    assert [answer["seen"] for answer in answers if "place-1999" in answer["seen"]] == [answers[1999]["seen"]]


def test_a_cell_that_does_not_fit_is_named_before_anything_is_sent(leeboard: CommandLine, tmp_path: Path) -> None:
    end = leeboard.run(
        "predict", "car-loan", "-f", _file(tmp_path, "small,city\nmany,Oslo\n"), "--url", "http://127.0.0.1:1"
    )
    assert (end.code, end.errors.splitlines()[1]) == (1, "  row 1, column small: 'many' is no whole number")


def test_a_service_without_pods_is_said_through_the_proxy(
    leeboard: CommandLine, services: Services, tmp_path: Path
) -> None:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    services.api.create(
        f"/api/v1/namespaces/{services.namespace}/services",
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "car-loan"}, "spec": {"ports": ports}},
    )
    # No controllers run here: this is what they make of a service that selects nothing.
    empty = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "car-loan"}}
    services.api.create(f"/api/v1/namespaces/{services.namespace}/endpoints", empty)
    end = leeboard.run("predict", "car-loan", "-f", _file(tmp_path, "small\n1\n"))
    assert end.code == 1
    assert "no answers of car-loan for rows from 1 on: 503: " in end.errors
    assert "no endpoints available for service" in end.errors
