"""The Grafana dashboards of the chart, made from the tables in panels.py.

Format: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from leeboard.packaging.panels import BOARDS, Board, Kind, Panel

FOLDER = PurePosixPath("charts/leeboard/files/dashboards")
SCHEMA_VERSION = 39
HEIGHT, WIDTH, IN_A_ROW = 8, 8, 3
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard_files() -> Mapping[PurePosixPath, str]:
    """Every dashboard: path from the repository root to text."""
    return {FOLDER / f"{board.name}.json": f"{json.dumps(dashboard(board), indent=1)}\n" for board in BOARDS}


def dashboard(board: Board) -> Mapping[str, object]:
    """One dashboard; its data source is a variable, so that it fits any Grafana."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": f"leeboard-{board.name}",
        "title": board.title,
        "tags": ["leeboard"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source, *(_variable(name, query) for name, query in board.variables.items())]},
        "panels": [_panel(panel, place) for place, panel in enumerate(board.panels)],
    }


def _variable(name: str, query: str) -> Mapping[str, object]:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
    }


def _panel(panel: Panel, place: int) -> Mapping[str, object]:
    row, column = divmod(place, IN_A_ROW)
    is_table = panel.kind is Kind.TABLE
    drawn: dict[str, object] = {
        "id": place + 1,
        "type": panel.kind.value,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": column * WIDTH, "y": row * HEIGHT},
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend or "__auto",
                "instant": is_table,
                "format": "table" if is_table else "time_series",
            }
            for number, (legend, query) in enumerate(panel.queries.items())
        ],
    }
    if is_table:
        without = {"id": "organize", "options": {"excludeByName": {"Time": True, "Value": True}}}
        drawn["transformations"] = [without]
    if panel.kind is Kind.NUMBER:
        drawn["options"] = {"textMode": "value_and_name", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return drawn


def _defaults(panel: Panel) -> Mapping[str, object]:
    if panel.limit is None:
        return {"unit": panel.unit}
    steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.limit}]
    return {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": {"thresholdsStyle": {"mode": "line"}},
    }
