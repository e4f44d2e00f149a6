"""What people see: each rule of the chart and each query of its dashboards, on a real Prometheus with real series.

Services' verdicts are what the operator tells of the statuses on the API server, requests are those of real model
servers; an operator that falls behind, crashes of a model and faults of counting are real series with other numbers.
Only the time that a rule waits is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leeboard.packaging.panels import BOARDS
from tests.cluster.ports import free_ports
from tests.cluster.prometheus import Prometheus
from tests.integration.conftest import Api, OperatorProcess, eventually, operators
from tests.integration.mlflow_server import MlflowServer
from tests.integration.runtime import fleet
from tests.integration.runtime.fleet import Page, Recorded, Standby, Team, Traffic, page, scraped, training
from tests.integration.runtime.serving import ModelServer, serving
from tests.integration.runtime.test_monitoring import CHANNELS, FEATURES, Monitored
from tests.support.chart import CHART
from tests.support.profile_document import profile

pytestmark = pytest.mark.integration
OPERATOR = "tests.integration.runtime.attentive_operator"
RULES: dict[str, Any] = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
ALERTS = tuple(rule["alert"] for group in RULES["groups"] for rule in group["rules"])
WITHOUT_LEADER = "LeeboardNoLeader"
QUERIES = tuple(
    (f"{board.name}: {panel.title}: {legend}", query)
    for board in BOARDS
    for panel in board.panels
    for legend, query in panel.queries.items()
)


def at_once() -> dict[str, Any]:
    """The chart's rules, without the time for which what they say has to hold."""
    groups = [
        {**group, "rules": [{key: value for key, value in rule.items() if key != "for"} for rule in group["rules"]]}
        for group in RULES["groups"]
    ]
    return {"groups": groups}


@dataclass
class Fleet:
    """Everything that runs."""

    team: Team
    own: str
    operator: OperatorProcess
    traffic: Traffic
    standby: Standby
    recorded: Recorded
    hook: Page
    url: Path
    prometheus: Prometheus

    def firing(self) -> dict[str, Mapping[str, Any]]:
        """Alerts by name, any of those that have the same; not those of services that other tests have left."""
        ours = {self.own, self.team.namespace, None}
        alerts = [one for one in self.prometheus.alerts() if one["labels"].get("namespace") in ours]
        return {one["labels"]["alertname"]: one for one in alerts}

    def has(self, query: str) -> bool:
        """Whether a panel of the service's dashboard shows something."""
        for name, value in (("namespace", self.team.namespace), ("service", fleet.LOANS), ("__rate_interval", "1m")):
            query = query.replace(f"${name}", value)
        return bool(self.prometheus.values(query))

    def fail_a_training(self, name: str) -> None:
        """One in the operator's own namespace is refused."""
        Team(self.team.api, self.own).make("TrainingJob", name, training())


@dataclass(frozen=True)
class Seen:
    """What was seen at one time."""

    firing: Mapping[str, Mapping[str, Any]]
    empty: tuple[str, ...] = ()
    names: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For what runs."""
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def servers(models: Path, folder: Path) -> Iterator[tuple[ModelServer, ModelServer]]:
    """One that counts into a profile, and one whose model raises."""
    (folder / "monitoring").mkdir()
    counting = Monitored(folder / "monitoring").write(profile(FEATURES, CHANNELS))
    with ExitStack() as stack:
        found = []
        for model, options in (("linear", counting), ("fragile", ("--name", fleet.FRAUD))):
            (folder / model).mkdir()
            found.append(stack.enter_context(serving(models / model, folder / model, free_ports(2), options=options)))
        for server in found:
            server.wait_until_ready()
        yield found[0], found[1]


@pytest.fixture(scope="module")
def running(
    api: Api, mlflow_server: MlflowServer, servers: tuple[ModelServer, ModelServer], *, folder: Path
) -> Iterator[Fleet]:
    """The fleet, before anything happened in it."""
    with ExitStack() as stack:
        team, own = Team(api, api.namespace()), api.namespace()
        hook = stack.enter_context(page())
        start = stack.enter_context(operators(api, mlflow_server, folder))
        url = folder / "url"
        url.write_text(f"http://127.0.0.1:{hook.port}/hook")
        operator = start(
            module=OPERATOR, namespace=own, notifications=json.dumps({"ops": {"urlFile": str(url)}}), sweep_seconds="1"
        )
        loans, fraud = servers
        fleet.make_objects(team)
        operator.wait_until_leading()
        standby, recorded = Standby(), Recorded(loans)
        ports = {
            "loans-0": loans.metrics_port,
            "fraud-0": fraud.metrics_port,
            "crashing-0": stack.enter_context(page(recorded.text)).port,
            "standby": stack.enter_context(page(standby.text)).port,
        }
        jobs = scraped(operator, ports, (own, team.namespace))
        prometheus = stack.enter_context(Prometheus(targets=(), jobs=jobs, rules=at_once()))
        yield Fleet(team, own, operator, Traffic(loans, fraud), standby, recorded, hook, url, prometheus)


@pytest.fixture(scope="module")
def healthy(running: Fleet) -> Seen:
    """While all is well, as soon as requests, passes and verdicts are known to Prometheus."""
    fleet.all_is_well(running.team)
    running.fail_a_training("refused")

    def goes_on() -> bool:
        running.traffic.good()
        running.standby.is_well()
        ours = 'namespace="$namespace", verdict="Suspicious"'
        known = f"sum(leeboard_verdict{{{ours}}}) == 3 and sum(leeboard_leader) == 1"
        rates = "sum(rate(leeboard_server_requests_total[1m])) > 0 and sum(rate(leeboard_mlflow_seconds_count[1m])) > 0"
        return running.has(f"({known}) and ({rates})") and bool(running.hook.bodies)

    eventually(goes_on, what="series of all that runs")
    known_at = datetime.now(UTC)
    eventually(lambda: running.prometheus.evaluated() > known_at, what="a look at the rules")
    return Seen(running.firing(), names=running.prometheus.names())


@pytest.fixture(scope="module")
def troubled(running: Fleet, healthy: Seen) -> Seen:
    """When everything is wrong that can be, but that nobody leads."""
    del healthy
    fleet.trouble(running.team)
    running.url.write_text(f"http://127.0.0.1:{running.hook.port}/gone")
    running.fail_a_training("refused-again")
    running.recorded.change("leeboard_server_worker_restarts_total", 5)
    running.recorded.change("leeboard_monitoring_faults_total", 5)
    expected = set(ALERTS) - {WITHOUT_LEADER}
    seen: list[Seen] = []

    def all_of_it() -> bool:
        running.traffic.good()
        for _ in range(5):
            running.traffic.bad()
        running.standby.is_in_trouble()
        empty = tuple(name for name, query in QUERIES if not running.has(query))
        seen.append(Seen(running.firing(), empty, running.prometheus.names()))
        return expected <= seen[-1].firing.keys() and not empty

    with suppress(pytest.fail.Exception):  # which of them is missing is for the tests to say
        eventually(all_of_it, seconds=40)
    return seen[-1]


@pytest.fixture(scope="module")
def leaderless(running: Fleet, troubled: Seen) -> Seen:
    """When the operator has ended."""
    del troubled
    assert running.operator.stop() == 0
    eventually(lambda: WITHOUT_LEADER in running.firing(), seconds=30, what="an alert")
    return Seen(running.firing())


def test_nothing_fires_while_all_is_well(healthy: Seen) -> None:
    assert healthy.firing == {}


@pytest.mark.parametrize("alert", [alert for alert in ALERTS if alert != WITHOUT_LEADER])
def test_each_rule_fires_when_its_trouble_is_there(troubled: Seen, alert: str) -> None:
    assert alert in troubled.firing
    said = json.dumps(troubled.firing[alert]["annotations"])
    assert not re.search(r"error expanding|<no value>|\{\{|  |/ |%!", said), said


def test_a_rule_about_a_service_names_it(troubled: Seen, running: Fleet) -> None:
    summary = troubled.firing["LeeboardDrift"]["annotations"]["summary"]
    assert summary == f"What {running.team.namespace}/car-loan is asked has changed."
    failing = troubled.firing["LeeboardRequestErrors"]["labels"]
    assert (failing["namespace"], failing["name"], failing["version"]) == (running.team.namespace, "fraud", "3")


def test_every_panel_shows_something(troubled: Seen) -> None:
    assert troubled.empty == ()


def test_every_name_in_a_query_is_one_that_is_exported(healthy: Seen) -> None:
    exprs = [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]
    used = set(re.findall(r"\b(?:leeboard|process)_\w+", " ".join([*exprs, *(query for _, query in QUERIES)])))
    assert used - healthy.names == set()


def test_without_a_leader_there_is_an_alert(leaderless: Seen) -> None:
    assert WITHOUT_LEADER in leaderless.firing


def test_a_failed_training_is_told_to_the_endpoint(running: Fleet, healthy: Seen) -> None:
    del healthy
    told = json.loads(running.hook.bodies[0])
    assert (told["topic"], told["reason"]) == ("Training", "OperatorNamespace")
    assert told["object"]["namespace"] == running.own
