"""What the dashboards show: titles, queries and units; words with a $ are Grafana's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Grafana's panel types."""

    GRAPH = "timeseries"
    TABLE = "table"
    NUMBER = "stat"


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its queries by legend, Grafana's unit, and from which value on it is red."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: Kind = Kind.GRAPH
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; ``variables`` by name, each a query of Grafana's for its values."""

    name: str
    title: str
    panels: tuple[Panel, ...]
    variables: Mapping[str, str]


_OF = '{namespace="$namespace",service="$service"}'
_SERVER = 'namespace="$namespace",name="$service"'
_SCORES = f'{_SERVER},role="Score"'
_BY_VERSION = "sum by (version)"


def _braced(selector: str) -> str:
    return f"{{{selector}}}" if selector else ""


def _rate(metric: str, selector: str = "") -> str:
    """The rate of a counter."""
    return f"rate({metric}{_braced(selector)}[$__rate_interval])"


def _quantile(share: float, metric: str, *, by: str, selector: str = "") -> str:
    """A quantile of a histogram, by labels."""
    return f"histogram_quantile({share}, sum by ({by}, le) ({_rate(f'{metric}_bucket', selector)}))"


def _mean(metric: str, *, by: str, selector: str) -> str:
    """The mean of a histogram's values, by labels."""
    return f"sum by ({by}) ({_rate(f'{metric}_sum', selector)}) / sum by ({by}) ({_rate(f'{metric}_count', selector)})"


def _errors(*, by: str, selector: str) -> str:
    """The share of requests that are answered 5xx, by labels."""
    failed = _rate("leeboard_server_requests_total", ",".join((*filter(None, (selector,)), 'code="5xx"')))
    every = _rate("leeboard_server_requests_total", selector)
    return f"sum by ({by}) ({failed}) / sum by ({by}) ({every})"


_SERVING = (
    Panel("Phase", {"{{phase}}": f"max by (phase) (leeboard_service_phase{_OF})"}, kind=Kind.NUMBER),
    Panel("Conditions", {"": f"max by (type, status, reason) (leeboard_service_condition{_OF})"}, kind=Kind.TABLE),
    Panel(
        "Requests",
        {
            "version {{version}} {{code}}": "sum by (version, code) "
            f"({_rate('leeboard_server_requests_total', _SERVER)})"
        },
        "reqps",
    ),
    Panel("Errors", {"version {{version}}": _errors(by="version", selector=_SERVER)}, "percentunit", limit=0.05),
    Panel(
        "Latency",
        {
            f"version {{{{version}}}} p{number}": _quantile(
                number / 100, "leeboard_server_request_duration_seconds", by="version", selector=_SERVER
            )
            for number in (50, 99)
        },
        "s",
    ),
    Panel(
        "Requests that wait",
        {
            "version {{version}} in flight": f"{_BY_VERSION} (leeboard_server_requests_in_flight{{{_SERVER}}})",
            "version {{version}} queued": f"{_BY_VERSION} (leeboard_server_queue_depth{{{_SERVER}}})",
        },
    ),
    Panel("Pods that answer", {"version {{version}}": f"{_BY_VERSION} (leeboard_server_ready{{{_SERVER}}})"}),
    Panel(
        "Rows in a call of the model",
        {"version {{version}}": _mean("leeboard_server_batch_rows", by="version", selector=_SERVER)},
    ),
    Panel(
        "Restarts of the model's process",
        {
            "version {{version}}": f"{_BY_VERSION} "
            f"(increase(leeboard_server_worker_restarts_total{{{_SERVER}}}[$__rate_interval]))"
        },
    ),
)
_WATCHED = (
    Panel("Verdicts", {"": f"max by (version, of, verdict) (leeboard_verdict{_OF})"}, kind=Kind.TABLE),
    Panel("Retraining", {"": f"max by (status, reason) (leeboard_retraining{_OF})"}, kind=Kind.TABLE),
    Panel(
        "Drift: PSI of features",
        {"{{feature}}": f"max by (feature) (leeboard_drift_psi{_OF})"},
        limit=0.2,
    ),
    Panel(
        "Drift: PSI of the answers for segments",
        {"{{input}} {{value}}": f"max by (input, value) (leeboard_segment_psi{_OF})"},
        limit=0.2,
    ),
    Panel(
        "Favourable answers by group",
        {"{{input}} {{value}}": f"max by (input, value) (leeboard_group_rate{_OF})"},
        "percentunit",
    ),
    Panel(
        "Groups beside the first one, with interval",
        {"{{input}} {{value}} {{bound}}": f"max by (input, value, bound) (leeboard_group_ratio{_OF})"},
    ),
    Panel("Rows of the last window", {"version {{version}}": f"max by (version) (leeboard_drift_window_rows{_OF})"}),
    Panel(
        "Performance by late labels",
        {"{{metric}} {{of}}": f"max by (metric, of) (leeboard_performance{_OF})"},
    ),
    Panel("Faults of the data", {"version {{version}}": f"max by (version) (leeboard_quality_faults{_OF})"}, limit=1),
    Panel(
        "Rows that are counted",
        {
            "version {{version}}": f"{_BY_VERSION} ({_rate('leeboard_monitoring_rows_total', _SERVER)})",
            "version {{version}} not counted": f"{_BY_VERSION} "
            f"({_rate('leeboard_monitoring_skipped_rows_total', _SERVER)})",
        },
        "rowsps",
    ),
    Panel(
        "Values that are none",
        {
            "{{feature}} {{kind}}": "sum by (feature, kind) "
            f"({_rate('leeboard_monitoring_quality_rows_total', _SERVER)}) > 0"
        },
        "rowsps",
    ),
    Panel(
        "Scores, by cell of the reference",
        {"{{cell}}": f"sum by (cell) ({_rate('leeboard_monitoring_cell_rows_total', _SCORES)})"},
        "rowsps",
    ),
    Panel(
        "Labels",
        {"{{outcome}}": f"sum by (outcome) ({_rate('leeboard_monitoring_labels_total', _SERVER)})"},
        "cps",
    ),
)
_EACH = "namespace, service"
_FLEET = (
    Panel(
        "Services by phase",
        {"{{phase}}": 'sum by (phase) (max by (namespace, phase) (leeboard_resources{kind="InferenceService"}))'},
    ),
    Panel(
        "Trainings by phase",
        {"{{phase}}": 'sum by (phase) (max by (namespace, phase) (leeboard_resources{kind="TrainingJob"}))'},
    ),
    Panel(
        "Versions by phase",
        {"{{phase}}": 'sum by (phase) (max by (namespace, phase) (leeboard_resources{kind="ModelVersion"}))'},
    ),
    Panel(
        "Services that do not answer",
        {"": f'max by ({_EACH}, reason) (leeboard_service_condition{{type="Serving",status="False"}})'},
        kind=Kind.TABLE,
    ),
    Panel(
        "Services that wait for somebody",
        {
            "": f'max by ({_EACH}, reason) (leeboard_service_condition{{type="Stalled",status="True"}})',
        },
        kind=Kind.TABLE,
    ),
    Panel(
        "Services in trouble with their data",
        {"": f'max by ({_EACH}, of, verdict) (leeboard_verdict{{verdict=~"Drift|ReferenceMismatch|Broken|Worse"}})'},
        kind=Kind.TABLE,
    ),
    Panel(
        "Verdicts", {"{{of}} {{verdict}}": f"count by (of, verdict) (max by ({_EACH}, of, verdict) (leeboard_verdict))"}
    ),
    Panel(
        "Largest drift", {"{{namespace}}/{{service}}": f"topk(10, max by ({_EACH}) (leeboard_drift_psi))"}, limit=0.2
    ),
    Panel(
        "Why nothing is trained", {"{{reason}}": f"count by (reason) (max by ({_EACH}, reason) (leeboard_retraining))"}
    ),
    Panel(
        "Busiest services",
        {"{{namespace}}/{{name}}": f"topk(10, sum by (namespace, name) ({_rate('leeboard_server_requests_total')}))"},
        "reqps",
    ),
    Panel(
        "Most errors",
        {"{{namespace}}/{{name}}": f"topk(10, {_errors(by='namespace, name', selector='')})"},
        "percentunit",
        limit=0.05,
    ),
    Panel(
        "Slowest services, p99",
        {
            "{{namespace}}/{{name}}": "topk(10, "
            f"{_quantile(0.99, 'leeboard_server_request_duration_seconds', by='namespace, name')})"
        },
        "s",
    ),
)
_OPERATOR = (
    Panel("Leaders", {"": "sum(leeboard_leader)"}, kind=Kind.NUMBER),
    Panel("Keys that wait", {"{{pod}}": "max by (pod) (leeboard_queue_depth)"}),
    Panel("Oldest key", {"{{pod}}": "max by (pod) (leeboard_queue_oldest_seconds)"}, "s", limit=300),
    Panel("Watch lag", {"{{kind}}": "max by (kind) (leeboard_watch_lag_seconds)"}, "s", limit=60),
    Panel(
        "Passes",
        {"{{kind}} {{outcome}}": f"sum by (kind, outcome) ({_rate('leeboard_reconcile_seconds_count')})"},
        "ops",
    ),
    Panel("Duration of a pass, p99", {"{{kind}}": _quantile(0.99, "leeboard_reconcile_seconds", by="kind")}, "s"),
    Panel(
        "Requests to the API server",
        {"{{verb}} {{code}}": f"sum by (verb, code) ({_rate('leeboard_kubernetes_requests_total')})"},
        "reqps",
    ),
    Panel(
        "Calls to MLflow",
        {"{{call}} {{outcome}}": f"sum by (call, outcome) ({_rate('leeboard_mlflow_seconds_count')})"},
        "ops",
    ),
    Panel(
        "Duration of a call to MLflow, p99", {"{{call}}": _quantile(0.99, "leeboard_mlflow_seconds", by="call")}, "s"
    ),
    Panel(
        "Questions to model servers and Prometheus",
        {"{{source}} {{outcome}}": f"sum by (source, outcome) ({_rate('leeboard_poll_seconds_count')})"},
        "ops",
    ),
    Panel("Objects in the cache", {"{{kind}}": "max by (kind) (leeboard_cached_objects)"}),
    Panel(
        "Notifications",
        {"{{endpoint}} {{outcome}}": f"sum by (endpoint, outcome) ({_rate('leeboard_notifications_total')})"},
        "cps",
    ),
    Panel(
        "Series that were left out",
        {
            "features": "max(leeboard_drift_psi_left_out)",
            "segments and groups": "max(leeboard_slices_left_out)",
            "services": "max(leeboard_services_left_out)",
        },
    ),
    Panel(
        "Processor",
        {"{{pod}}": f"{_rate('process_cpu_seconds_total')} and on (job, instance) leeboard_leader"},
        "percentunit",
    ),
    Panel("Memory", {"{{pod}}": "process_resident_memory_bytes and on (job, instance) leeboard_leader"}, "bytes"),
)
BOARDS = (
    Board(
        "service",
        "Leeboard / Service",
        (*_SERVING, *_WATCHED),
        {
            "namespace": "label_values(leeboard_service_phase, namespace)",
            "service": 'label_values(leeboard_service_phase{namespace="$namespace"}, service)',
        },
    ),
    Board("fleet", "Leeboard / Fleet", _FLEET, {}),
    Board("operator", "Leeboard / Operator", _OPERATOR, {}),
)
