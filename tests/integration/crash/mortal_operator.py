"""The whole operator, except that it counts its writes and may be told to die after one of them.

It counts on the wire, so that an action of several requests has several points: what the API server took (Leases and
events left out: neither decides anything) and what MLflow took. It lists and watches one namespace, so that many may
live on one API server without hearing of each other. Settings beside the operator's own:

    CRASH_NAMESPACE  the namespace
    CRASH_JOURNAL    file that gets one line a write, and stays when the process dies
    CRASH_AFTER      the write after which it sends itself SIGKILL, as ``create Job#2`` for the second of that kind
    CRASH_FROM       writes count from the moment at which this file exists
"""

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kopf
import requests
import uvloop

from leeboard.adapters.kubernetes.client import ApiClient, Request, Verb
from leeboard.adapters.kubernetes.login import login
from leeboard.api.resource import Manifest
from leeboard.app import Operator
from leeboard.logs import set_up_logging
from leeboard.metrics import Metrics
from leeboard.reconciler.kinds import KINDS
from leeboard.settings import load_settings

READS = frozenset({Verb.GET, Verb.LIST})
UNCOUNTED = frozenset({"Lease", "Event"})


class Toll:
    """Counts writes into the journal, and kills at the one that it was told."""

    def __init__(self, journal: Path, *, fatal: str, begins: Path) -> None:
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._fatal = fatal
        self._begins = begins
        self._written: Counter[str] = Counter()
        self._lock = threading.Lock()

    def pay(self, label: str) -> None:
        """One write succeeded."""
        with self._lock:
            if not self._begins.exists():
                return
            self._written[label] += 1
            point = f"{label}#{self._written[label]}"
            os.write(self._journal, f"{point}\n".encode())
            if point == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)


class CountingClient(ApiClient):
    """The operator's client of the API server; what it lists of all namespaces is listed of one."""

    toll: Toll
    namespace: str

    async def send(self, request: Request) -> Manifest:
        if request.verb is Verb.LIST:
            request = replace(request, path=within(self.namespace, request.path))
        answer = await super().send(request)
        if request.verb not in READS and request.kind not in UNCOUNTED:
            self.toll.pay(f"{request.verb} {request.kind}")
        return answer


def within(namespace: str, path: str) -> str:
    """The path of a kind's objects in one namespace, ``/apis/apps/v1/namespaces/a/deployments``."""
    root, _, plural = path.rpartition("/")
    return path if "/namespaces/" in path else f"{root}/namespaces/{namespace}/{plural}"


def watch_only(namespace: str) -> None:
    """Have kopf watch one namespace."""
    original = kopf.spawn_tasks

    async def spawn_tasks(**options: Any) -> Collection[asyncio.Task[None]]:  # noqa: ANN401
        return await original(**{**options, "clusterwide": False, "namespaces": [namespace]})

    kopf.spawn_tasks = spawn_tasks


def count_mlflow(toll: Toll) -> None:
    """Count what MLflow took; a search is sent by POST, too."""
    original = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401
        response = original(self, request, **options)
        path = urlsplit(str(request.url)).path
        if response.ok and request.method != "GET" and not path.endswith("/search"):
            toll.pay(f"{request.method} {'/'.join(path.split('/')[-2:]) if 'artifacts' not in path else 'artifact'}")
        return response

    requests.Session.send = send  # type: ignore[method-assign]


async def operate(toll: Toll, namespace: str) -> int:
    """As ``leeboard.app.operate``."""
    client = CountingClient(await login(), Metrics())
    client.toll, client.namespace = toll, namespace
    return await Operator(load_settings(), client, KINDS).run()


def main() -> None:
    """One life."""
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    names = os.environ
    toll = Toll(Path(names["CRASH_JOURNAL"]), fatal=names["CRASH_AFTER"], begins=Path(names["CRASH_FROM"]))
    count_mlflow(toll)
    watch_only(names["CRASH_NAMESPACE"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(operate(toll, names["CRASH_NAMESPACE"]))
    os._exit(code)


if __name__ == "__main__":
    main()
