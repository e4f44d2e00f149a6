"""Verbs: asked on a real API server, answered by the test as the operator would."""

from __future__ import annotations

from pathlib import Path

import pytest

from leeboard.adapters.kubernetes.client import ApiClient
from leeboard.adapters.kubernetes.login import login_as_user
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest
from leeboard.api.verbs import REQUESTED_BY, RequestVerb
from leeboard.cli.asking import Wish, ask
from leeboard.cli.connection import Connection
from leeboard.metrics import Metrics
from tests.integration.cli.conftest import CommandLine, Rest, Services, ended, may, revision
from tests.integration.conftest import eventually

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("outcome", "code"), [("Done", 0), ("Refused", 1), ("Expired", 1)], ids=["done", "refused", "expired"]
)
def test_a_verb_ends_as_the_operator_answers(
    leeboard: CommandLine, services: Services, *, outcome: str, code: int
) -> None:
    services.make(status={"canary": revision(8)})
    process = leeboard.start("promote", "loans")
    asked = eventually(services.asked, what="a request")
    assert asked is not None
    assert (asked.verb, asked.revision) == (RequestVerb.PROMOTE, "loans-8")
    assert services.get()["metadata"]["annotations"][REQUESTED_BY] == "leeboard-admin"
    services.answer(asked, outcome, "because")
    end = ended(process)
    said = f"promote loans: {outcome}: because\n"
    assert (end.code, end.output, end.errors) == (code, *((said, "") if code == 0 else ("", f"leeboard: {said}")))


def test_without_an_answer_nothing_is_claimed(leeboard: CommandLine, services: Services) -> None:
    services.make()
    end = leeboard.run("restart", "loans", "--timeout", "1")
    assert (end.code, end.output) == (3, "")
    assert "restart is not answered yet, so nothing is known of it" in end.errors
    again = leeboard.run("abort", "loans")
    assert again.code == 1
    assert "restart asked by leeboard-admin is not answered yet" in again.errors


def test_asking_without_waiting_prints_the_id(leeboard: CommandLine, services: Services) -> None:
    services.make()
    end = leeboard.run("pause", "loans", "--no-wait", "--revision", "")
    asked = services.asked()
    assert asked is not None
    assert (end.code, end.output) == (0, f"pause asked of loans, id {asked.id}\n")
    assert asked.revision == ""


def test_a_request_that_is_taken_back_is_not_waited_for(leeboard: CommandLine, services: Services) -> None:
    services.make()
    process = leeboard.start("abort", "loans")
    eventually(services.asked, what="a request")
    live = services.get()
    live["metadata"]["annotations"] = {}
    services.api.rest.replace(live_path(services), live)
    end = ended(process)
    assert (end.code, "was taken back before it was answered" in end.errors) == (1, True)


def live_path(services: Services) -> str:
    """URL path of the service."""
    return f"/apis/leeboard.dev/v1alpha1/namespaces/{services.namespace}/inferenceservices/loans"


class _Busy(Connection):
    """A connection after whose first readings the operator writes a status."""

    services: Services
    left = 2

    async def get(self, kind: Kind, name: str) -> Manifest:
        found = await super().get(kind, name)
        if self.left:
            self.left -= 1
            self.services.report(name, {"phase": f"Busy{self.left}"})
        return found


async def test_a_service_that_moves_meanwhile_is_read_again(api: Rest, services: Services) -> None:
    services.make()
    configuration, _ = await login_as_user(api.server.kubeconfig)
    connection = _Busy(ApiClient(configuration, Metrics()), services.namespace)
    connection.services = services
    try:
        asked = await ask(connection, Wish(RequestVerb.PAUSE, "loans"))
    finally:
        await connection.client.close()
    assert services.asked() == asked
    assert services.get()["status"]["phase"] == "Busy0"


def test_who_may_look_and_not_write_is_told_so(api: Rest, services: Services) -> None:
    services.make()
    end = may(api, services.namespace, "eve", verbs=("get", "list")).run("promote", "loans")
    assert end.code == 1
    assert 'User "eve" cannot patch resource "inferenceservices"' in end.errors
    assert "kubectl auth can-i --list shows what you may do" in end.errors
    assert services.asked() is None


@pytest.mark.parametrize("words", [("abort", "lones"), ("get", "lones"), ("history", "lones")], ids=lambda one: one[0])
def test_a_name_that_is_not_there_names_the_next_step(
    leeboard: CommandLine, services: Services, words: tuple[str, ...]
) -> None:
    end = leeboard.run(*words)
    where = f"no InferenceService lones in namespace {services.namespace}: leeboard get inferenceservices -A"
    assert (end.code, end.errors) == (1, f"leeboard: {where}\n")


def test_an_api_server_that_is_not_there_is_exit_4(tmp_path: Path, api: Rest, namespace: str) -> None:
    text = api.server.kubeconfig.read_text().replace(api.server.url, "https://127.0.0.1:1")
    (tmp_path / "kubeconfig").write_text(text)
    end = CommandLine(tmp_path / "kubeconfig", namespace).run("get")
    assert (end.code, "no answer from the API server" in end.errors) == (4, True)
