"""Output: tables, JSON and YAML on standard output, nothing else there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leeboard.cli.options import Output

STYLES = {"True": "green", "False": "yellow", "Unknown": "dim", "Pass": "green", "Fail": "red", "Done": "green"}


def console() -> Console:
    """Standard output; as wide as it must be where no terminal cuts it."""
    made = Console(highlight=False, emoji=False, markup=False)
    return made if made.is_terminal else Console(highlight=False, emoji=False, markup=False, width=200)


def print_document(document: Any, output: Output) -> None:  # noqa: ANN401 - any JSON value
    """A JSON value as JSON or YAML."""
    if output is Output.JSON:
        console().out(json.dumps(document, indent=2, ensure_ascii=False))
        return
    import yaml  # noqa: PLC0415 - a tenth of the start-up time of a command that prints a table

    console().out(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120), end="")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows below headings, as kubectl lays them out; the last column may be long."""
    table = Table(box=box.SIMPLE, show_edge=False, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading != headings[-1], overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    console().print(table)
