"""``get``, ``history`` and ``logs`` on a real API server."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from threading import Thread

import pytest
import yaml

from tests.integration.cli.conftest import CommandLine, Rest, Services, ended, may, revision
from tests.integration.conftest import eventually
from tests.unit.cli.test_drift import WINDOW as PARTS
from tests.unit.cli.test_slices import GROUPS, SEGMENTS

pytestmark = pytest.mark.integration
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Serving",
    "observedGeneration": 1,
    "lastTransitionTime": "2026-11-21T15:00:00Z",
}


def test_tables_of_a_namespace_and_of_all(leeboard: CommandLine, services: Services) -> None:
    services.make(status={"conditions": [READY], "canary": revision(8)})
    one = leeboard.run("get").output.splitlines()
    assert one[0].split() == ["INFERENCESERVICE", "READY", "MODEL", "VERSION", "NEXT", "STEP", "REASON", "AGE"]
    row = next(line.split() for line in one if line.startswith("loans"))
    assert row[:-1] == ["loans", "True", "loans", "7", "8", "(Unknown)", "-", "Serving"]
    everywhere = leeboard.run("get", "lbsvc", "-A").output.splitlines()
    assert everywhere[0].split()[:2] == ["NAMESPACE", "NAME"]
    assert [services.namespace, "loans"] in [line.split()[:2] for line in everywhere]


def test_an_empty_namespace_says_where_else_to_look(leeboard: CommandLine, namespace: str) -> None:
    end = leeboard.run("get")
    assert (end.code, end.output, end.errors) == (0, "", f"nothing in namespace {namespace}: leeboard get -A\n")


def test_documents_are_the_stored_objects(leeboard: CommandLine, services: Services) -> None:
    services.make()
    stored = services.get()
    assert json.loads(leeboard.run("get", "loans", "-o", "json").output) == stored
    assert yaml.safe_load(leeboard.run("get", "lbsvc", "-o", "yaml").output) == {
        "apiVersion": "v1",
        "kind": "List",
        "items": [stored],
    }


def test_a_service_is_a_tree(leeboard: CommandLine, services: Services) -> None:
    services.make(status={"conditions": [READY]})
    assert leeboard.run("get", "loans").output.splitlines() == [
        f"{services.namespace}/loans  Ready=True Serving",
        "└── stable       version 7  loans-7  1/1 pods ready  100 % of the requests",
    ]


def test_watching_shows_what_changes_until_it_is_interrupted(leeboard: CommandLine, services: Services) -> None:
    services.make()
    process = leeboard.start("get", "loans", "--watch")
    lines: list[str] = []
    reader = Thread(target=lambda: lines.extend(_lines(process.stdout)), daemon=True)
    reader.start()
    eventually(lambda: [line for line in lines if "version 7" in line], what="the first tree")
    services.report("loans", {"stable": revision(8)})
    eventually(lambda: [line for line in lines if "version 8" in line], what="the second tree")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    reader.join(20)
    assert len([line for line in lines if line.startswith(f"{services.namespace}/loans")]) == 2


def _lines(stream: object) -> Iterator[str]:
    yield from stream  # type: ignore[misc]


def test_history_tells_what_was_decided_by_whom(leeboard: CommandLine, services: Services) -> None:
    entry = {
        "at": "2026-11-21T15:00:00Z",
        "outcome": "Aborted",
        "version": "8",
        "revision": "loans-8",
        "reason": "CheckFailed",
        "by": "ann",
        "message": "errors 0.04 above 0.01",
    }
    services.make(status={"history": [entry]})
    assert json.loads(leeboard.run("history", "loans", "-o", "json").output) == [entry]
    table = leeboard.run("history", "loans").output
    for word in ("WHEN", "Aborted", "loans-8", "CheckFailed", "ann", "errors 0.04 above 0.01"):
        assert word in table


def test_logs_of_what_has_no_pods_says_where_to_look(leeboard: CommandLine, services: Services) -> None:
    services.make()
    end = leeboard.run("logs", "loans", "--version", "7")
    assert (end.code, end.errors) == (1, "leeboard: version 7 of loans has no pods: leeboard get loans says why\n")


def test_a_name_of_both_kinds_has_to_be_said_whole(leeboard: CommandLine, services: Services) -> None:
    services.make()
    job = {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": "loans", "namespace": services.namespace},
        "spec": {"model": "loans", "template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}},
    }
    services.api.create(f"/apis/leeboard.dev/v1alpha1/namespaces/{services.namespace}/trainingjobs", job)
    both = leeboard.run("logs", "loans")
    one = leeboard.run("logs", "trainingjob/loans")
    assert (both.code, "leeboard logs inferenceservice/loans or trainingjob/loans" in both.errors) == (2, True)
    assert (one.code, "trainingjob/loans has no pods" in one.errors) == (1, True)


def test_a_pod_without_a_node_has_an_empty_log_and_is_no_failure(leeboard: CommandLine, services: Services) -> None:
    services.make()
    labels = {"leeboard.dev/uid": services.get()["metadata"]["uid"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "loans-1", "namespace": services.namespace, "labels": labels},
        "spec": {"containers": [{"name": "server", "image": "b"}], "automountServiceAccountToken": False},
    }
    accounts = f"/api/v1/namespaces/{services.namespace}/serviceaccounts"
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    services.api.create(accounts, account)
    services.api.create(f"/api/v1/namespaces/{services.namespace}/pods", pod)
    end = leeboard.run("logs", "loans")
    assert (end.code, end.output) == (0, ""), end.errors


def test_who_may_not_look_is_told_so(api: Rest, services: Services) -> None:
    end = ended(may(api, services.namespace, "mallory", verbs=("create",)).start("get", "lbsvc"))
    assert end.code == 1
    assert 'User "mallory" cannot list resource "inferenceservices"' in end.errors


def test_drift_shows_curves_and_goes_into_segments_and_groups(leeboard: CommandLine, services: Services) -> None:
    window = PARTS.model_copy(update={"segments": SEGMENTS, "groups": GROUPS})
    drifting = READY | {"type": "DriftDetected", "reason": "Drift", "message": "car_value drifted"}
    services.make(status={"conditions": [drifting], "drift": window.to_json()})

    whole, groups = leeboard.run("drift", "loans"), leeboard.run("drift", "loans", "--groups")
    region, nothing = (
        leeboard.run("drift", "loans", "--segment", "region"),
        leeboard.run("drift", "loans", "--segment", "x"),
    )

    row = next(line.split() for line in whole.output.splitlines() if "0.4200" in line)
    assert row == ["3", "car_value", "Drifted", "0.4200", "·▁█", "drifted"]
    assert [line.split() for line in region.output.splitlines()[2:]] == [
        ["region", "north", "Stable", "900", "0.0100"],
        ["region", "south", "Drifted", "800", "0.5100"],
    ]
    man = next(line for line in groups.output.splitlines() if " m " in line)
    assert man.split()[-5:] == ["0.7", "(0.6", "to", "0.8)", "<4/5"]
    assert (nothing.code, nothing.errors) == (
        1,
        "leeboard: there is no segment x; there are those of region, channel\n",
    )
    assert json.loads(leeboard.run("drift", "loans", "-o", "json").output)["drift"]["groups"][0]["rate"][0] == "0.5"
