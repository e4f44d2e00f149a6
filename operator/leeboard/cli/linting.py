"""``leeboard lint``: manifests judged without a cluster."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from leeboard.cli.exits import Exit, Failure
from leeboard.cli.options import Output, OutputOption
from leeboard.cli.printing import print_document

SUFFIXES = {".yaml", ".yml", ".json"}


def lint(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files and folders; - is standard input.")],
    *,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check manifests as the API server and the operator will, without either."""
    try:
        from leeboard.cli.lint.judging import judge  # noqa: PLC0415 - the evaluator of CEL takes its time
    except ModuleNotFoundError as error:  # the operator's image, for one
        raise Failure(f"lint is not installed here ({error}): pip install 'leeboard[cli]'", Exit.USAGE) from error

    judged = [judge(name, text) for name, text in _texts(files)]
    complaints = [complaint for one in judged for complaint in one.complaints]
    resources = sum(one.resources for one in judged)
    if output is not Output.TABLE:
        print_document([asdict(complaint) for complaint in complaints], output)
    else:
        for complaint in complaints:
            typer.echo(complaint)
    if complaints:
        raise Failure(f"{len(complaints)} faults in {resources} resources")
    if not resources:
        raise Failure("no resource of leeboard.dev in there", Exit.USAGE)
    if output is Output.TABLE:
        typer.echo(f"{resources} resources, no faults")


def _texts(names: list[str]) -> list[tuple[str, str]]:
    texts: list[tuple[str, str]] = []
    for name in names:
        if name == "-":
            texts.append(("standard input", sys.stdin.read()))
            continue
        path = Path(name)
        folder = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if path.is_dir() else [path]
        try:
            texts += [(str(file), file.read_text(encoding="utf-8")) for file in folder]
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(f"cannot read {name}: {error}", Exit.USAGE) from error
    return texts
