"""A pod's end under load: not one request fails."""

import http.client
import json
import subprocess
import threading
from dataclasses import dataclass, field

import httpx
import pytest

from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column, until

pytestmark = pytest.mark.integration

ROW = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))
BODY = json.dumps({"inputs": ROW})
CLIENTS = 8


@dataclass
class Client:
    """A keep-alive client that asks without a pause until it is told to close, as a gateway does.

    `rounds_after_close` is how often it comes back with a new connection, as one whose kube-proxy is late does.
    """

    server: ModelServer
    rounds_after_close: int
    answered: int = 0
    closes: int = 0
    failures: list[str] = field(default_factory=list)

    def run(self) -> None:
        while self.closes <= self.rounds_after_close and not self.failures:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
            try:
                self._ask_until_closed(connection)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            finally:
                connection.close()

    def _ask_until_closed(self, connection: http.client.HTTPConnection) -> None:
        while True:
            connection.request("POST", "/v2/models/car-loan/infer", BODY)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                self.failures.append(str(answer.status))
                return
            self.answered += 1
            if answer.will_close:
                self.closes += 1
                return


def test_under_constant_load_no_request_fails_and_the_server_ends_with_0(start: StartServer) -> None:
    server = start("linear", "--batching", "true", "--lean", "true", "--least-drain", "1", "--drain-timeout", "90")
    clients = [Client(server, rounds_after_close=25) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    until(lambda: all(client.answered > 20 for client in clients), what="load")
    server.terminate()
    until(lambda: server.status("/v2/health/ready") == 503, what="not ready", seconds=30)
    for thread in threads:
        thread.join(90)
    assert [client.failures for client in clients] == [[]] * CLIENTS
    assert all(client.closes > 25 for client in clients)
    assert server.ended(15) == 0


def test_a_request_in_flight_at_the_end_is_answered(start: StartServer) -> None:
    server = start("fragile", "--least-drain", "0")
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(server.infer(column("x", "FP64", 777.0))))
    thread.start()
    until(lambda: server.metric("leeboard_server_requests_in_flight"), what="a request in flight")
    server.terminate()
    thread.join(20)
    assert answers[0].json()["outputs"][0]["data"] == [1554.0]
    assert answers[0].headers["connection"] == "close"
    assert server.ended(15) == 0


def test_an_idle_connection_is_not_cut_while_the_server_drains(start: StartServer) -> None:
    server = start("linear", "--least-drain", "0", "--drain-timeout", "60")
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    idle.request("POST", "/v2/models/car-loan/infer", BODY)
    idle.getresponse().read()
    server.terminate()
    until(lambda: server.status("/v2/health/ready") == 503, what="not ready", seconds=30)
    with pytest.raises(subprocess.TimeoutExpired):
        server.ended(2.5)
    idle.request("POST", "/v2/models/car-loan/infer", BODY)
    answer = idle.getresponse()
    assert (answer.status, answer.getheader("connection")) == (200, "close")
    answer.read()
    idle.close()
    assert server.ended(10) == 0


def test_the_drain_timeout_ends_what_never_closes(start: StartServer) -> None:
    server = start("linear", "--least-drain", "0", "--drain-timeout", "1")
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    idle.request("GET", "/v2/health/live")
    idle.getresponse().read()
    server.terminate()
    assert server.ended(10) == 0
    idle.close()


def test_the_port_stays_open_for_the_least_drain(start: StartServer) -> None:
    server = start("linear", "--least-drain", "8")
    server.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        server.ended(2)
    assert server.infer(*ROW).status_code == 200
    assert server.ended(10) == 0
