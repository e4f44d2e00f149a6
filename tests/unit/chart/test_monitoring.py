"""Monitors, rules, dashboards and notifications as the chart renders them; their queries are tested with data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.topics import Endpoint, Format, Topic
from leeboard.settings import Settings
from tests.support.chart import CHART, ROOT, WITH_MLFLOW, environment, one, template

VALUES = CHART / "ci" / "monitoring-values.yaml"
KINDS = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
BOARDS = ("fleet", "operator", "service")
PATH = "/etc/leeboard/notifications"


def rendered() -> list[Manifest]:
    return template(values=VALUES).manifests


def rules() -> list[dict[str, Any]]:
    groups = one(rendered(), "PrometheusRule", "leeboard")["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def board(name: str) -> dict[str, Any]:
    data = one(rendered(), "ConfigMap", f"leeboard-dashboard-{name}")["data"]
    drawn: dict[str, Any] = json.loads(data[f"leeboard-{name}.json"])
    return drawn


def test_nothing_of_it_is_there_until_asked_for() -> None:
    manifests = template(WITH_MLFLOW).manifests
    assert [entry for entry in manifests if entry["kind"] in {*KINDS, "ConfigMap"}] == []
    assert "LEEBOARD_NOTIFICATIONS" not in environment(manifests)


def test_the_monitors_find_the_operator_and_the_model_servers_of_every_namespace() -> None:
    operator = one(rendered(), "ServiceMonitor", "leeboard")
    servers = one(rendered(), "PodMonitor", "leeboard-model-servers")
    assert operator["spec"]["endpoints"] == [{"port": "metrics", "interval": "30s", "honorLabels": True}]
    assert servers["spec"] == {
        "namespaceSelector": {"any": True},
        "selector": {"matchExpressions": [{"key": "leeboard.dev/revision", "operator": "Exists"}]},
        "podMetricsEndpoints": [{"port": "metrics", "interval": "15s"}],
    }
    assert {one["metadata"]["labels"]["release"] for one in (operator, servers)} == {"prometheus"}


def test_every_rule_says_what_is_wrong_how_bad_it_is_and_where_to_read_on() -> None:
    pages = re.findall(r"^## (\w+)$", (ROOT / "docs" / "alerts.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules()] == pages
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
        target = f"https://runbooks.example.com/leeboard#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"] == target
        assert re.fullmatch(r"\d+[mh]", rule["for"])


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_whole(name: str) -> None:
    drawn = board(name)
    panels = drawn["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert drawn["uid"] == f"leeboard-{name}"
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels) > 8
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) + 8 == 24
    known = {variable["name"] for variable in drawn["templating"]["list"]}
    used = set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(drawn)))
    assert used == known


def test_dashboards_go_where_grafana_looks() -> None:
    found = [entry for entry in rendered() if entry["kind"] == "ConfigMap"]
    assert [entry["metadata"]["name"] for entry in found] == [f"leeboard-dashboard-{name}" for name in BOARDS]
    assert {entry["metadata"]["namespace"] for entry in found} == {"grafana"}
    assert {entry["metadata"]["labels"]["grafana_dashboard"] for entry in found} == {"1"}
    assert found[0]["metadata"]["annotations"] == {"grafana_folder": "Leeboard"}


def test_endpoints_reach_the_operator_without_their_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(rendered()).items():
        monkeypatch.setenv(name, value)
    assert Settings().notifications == {
        "ops": Endpoint(
            url_file=f"{PATH}/ops/url",
            format=Format.SLACK,
            topics=(Topic.DRIFT, Topic.DATA, Topic.PERFORMANCE, Topic.RETRAINING),
        ),
        "team-a": Endpoint(url_file=f"{PATH}/team-a/url", namespaces=("team-a", "team-a-*"), per_minute=5),
    }


def test_urls_are_mounted_from_secrets_that_may_be_missing() -> None:
    pod = one(rendered(), "Deployment", "leeboard")["spec"]["template"]["spec"]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "notifications"]
    assert volume["projected"]["sources"] == [
        {"secret": {"name": "slack", "optional": True, "items": [{"key": "url", "path": "ops/url"}]}},
        {"secret": {"name": "team-a-hook", "optional": True, "items": [{"key": "webhook.url", "path": "team-a/url"}]}},
    ]
    assert {"name": "notifications", "mountPath": PATH, "readOnly": True} in pod["containers"][0]["volumeMounts"]


def test_the_schema_knows_every_topic_and_format() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["definitions"]["endpoint"]["properties"]
    assert schema["topics"]["items"]["enum"] == [topic.value for topic in Topic]
    assert schema["format"]["enum"] == [format_.value for format_ in Format]


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("notifications.endpoints.ops.format=Slack", "secret"),
        ("notifications.endpoints.ops.secret.name=slack", "key"),
        ("notifications.endpoints.Ops.secret.name=slack", "Ops"),
        ("notifications.endpoints.ops.url=http://x", "url"),
        ("metrics.alerts.enable=true", "enable"),
    ],
)
def test_a_mistake_is_refused_by_name(setting: str, named: str) -> None:
    answer = template(WITH_MLFLOW, setting)
    assert answer.code != 0
    assert named in answer.errors
