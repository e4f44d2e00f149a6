"""``leeboard predict``: rows of a CSV file through the model that serves."""

from __future__ import annotations

import csv
import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leeboard.api.names import Kind
from leeboard.cli.exits import Failure
from leeboard.cli.options import ContextOption, KubeconfigOption, NamespaceOption, ServiceArgument, Target
from leeboard.cli.printing import console
from leeboard.cli.session import connected

if TYPE_CHECKING:
    from leeboard.api.model_version import Signature
    from leeboard.api.resource import Manifest
    from leeboard.cli.connection import Connection
    from leeboard.cli.typed_rows import Rows

ROWS = 1000
"""Of one request."""
SECONDS = 60.0


class Shape(StrEnum):
    """How answers are printed."""

    CSV = "csv"
    JSON = "json"


def predict(
    service: ServiceArgument,
    *,
    file: Annotated[
        Path, typer.Option("--file", "-f", help="CSV with a heading of column names; - is standard input.")
    ],
    url: Annotated[
        str, typer.Option("--url", help="Address of the model server; through the API server by default.")
    ] = "",
    output: Annotated[Shape, typer.Option("--output", "-o", help="How to print the answers.")] = Shape.CSV,
    namespace: NamespaceOption = None,
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
) -> None:
    """Send rows through the model that serves, typed by its signature, and print its answers."""
    text = _read(file)
    target = Target(namespace, context, kubeconfig)
    answers = connected(target, lambda connection: _predict(connection, service, text=text, url=url))
    outputs = _joined(answers)
    if output is Shape.JSON:
        head = {key: answers[0].get(key) for key in ("model_name", "model_version")}
        console().out(json.dumps(head | {"outputs": outputs}, indent=2, ensure_ascii=False))
    else:
        console().out(_csv(outputs), end="")


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot read {file}: {error}") from error


async def _predict(connection: Connection, service: str, *, text: str, url: str) -> list[Manifest]:
    from leeboard.cli.typed_rows import typed_rows  # noqa: PLC0415 - see session.py

    signature = await _signature(connection, service)
    rows = typed_rows(io.StringIO(text, newline=""), signature.inputs)
    return [await _answer(connection, service, rows=rows, first=at, url=url) for at in range(0, len(rows.values), ROWS)]


async def _signature(connection: Connection, service: str) -> Signature:
    from leeboard.api.model_version import ModelVersion  # noqa: PLC0415 - see session.py
    from leeboard.cli.rows import service_of  # noqa: PLC0415 - see session.py

    stable = service_of(await connection.get(Kind.INFERENCE_SERVICE, service)).status.stable
    if stable is None:
        raise Failure(f"{service} serves nothing yet: leeboard get {service}")
    version = ModelVersion.model_validate(await connection.get(Kind.MODEL_VERSION, stable.model_version))
    if version.status.signature is None or not version.status.signature.inputs:
        raise Failure(f"{stable.model_version} has no signature, so its columns' types are unknown")
    return version.status.signature


async def _answer(connection: Connection, service: str, *, rows: Rows, first: int, url: str) -> Manifest:
    from leeboard.adapters.kubernetes.client import Request, Verb  # noqa: PLC0415 - see session.py
    from leeboard.adapters.kubernetes.model_server import error_of, infer, proxy_path  # noqa: PLC0415 - see session.py
    from leeboard.errors import LeeboardError  # noqa: PLC0415 - see session.py

    body: Manifest = {"inputs": rows.inputs(first, ROWS)}
    path = proxy_path(connection.namespace, service)
    request = Request(Verb.CREATE, "Service/proxy", path, body=body, timeout_seconds=SECONDS)
    try:
        if url:
            answer = await infer(url, service, body, timeout_seconds=SECONDS)
        else:
            answer = await connection.client.send(request)
    except LeeboardError as error:
        raise Failure(f"no answers of {service} for rows from {first + 1} on: {error_of(str(error))}") from error
    if not isinstance(answer.get("outputs"), list):
        raise Failure(f"{service} answers something else than the Open Inference Protocol: {str(answer)[:200]}")
    return answer


def _joined(answers: list[Manifest]) -> list[Manifest]:
    """The outputs of all answers, one after the other."""
    joined: list[Manifest] = []
    for index, output in enumerate(answers[0]["outputs"]):
        parts = [answer["outputs"][index] for answer in answers]
        shape = [sum(part["shape"][0] for part in parts), *output["shape"][1:]]
        joined.append(output | {"shape": shape, "data": [value for part in parts for value in part["data"]]})
    return joined


def _csv(outputs: list[Manifest]) -> str:
    """One column an output, or one for each of its numbers a row."""
    headings: list[str] = []
    columns: list[list[object]] = []
    for output in outputs:
        rows, data = output["shape"][0], output["data"]
        width = len(data) // rows
        headings += [output["name"]] if width == 1 else [f"{output['name']}_{index}" for index in range(width)]
        columns += [data[index::width] for index in range(width)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()
