"""What the operator asks of anything but the API server: model servers, MLflow, Prometheus, places of data, and the
endpoints that are notified. One object opens the connections, and closes them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.data_marks import CONNECTIONS, GuardedResolver, WebMarks
from leeboard.adapters.http_client import HttpClient
from leeboard.adapters.mlflow.calls import Calls
from leeboard.adapters.mlflow.tracking import MlflowTracking
from leeboard.adapters.notifications import Desk, Notifier
from leeboard.adapters.prometheus import Clocks, PrometheusQueries
from leeboard.metrics import Metrics
from leeboard.settings import Settings

HTTP_CONNECTIONS = 100


class Links:
    """Built inside the event loop; ``may_send`` says whether this process may tell endpoints anything."""

    def __init__(
        self, settings: Settings, metrics: Metrics, *, now: Callable[[], datetime], may_send: Callable[[], bool]
    ) -> None:
        self._http = HttpClient(connections=HTTP_CONNECTIONS)
        self._web = HttpClient(connections=CONNECTIONS, resolver=GuardedResolver())
        self._outward = HttpClient(connections=HTTP_CONNECTIONS, is_through_proxy=True)
        self._calls = Calls(settings.tracking_uri, metrics, steady=steady_seconds)
        self.tracking = MlflowTracking(self._calls, steady=steady_seconds)
        self.counters = PodCounters(self._http, metrics, steady=steady_seconds)
        clocks = Clocks(now=now, steady=steady_seconds)
        self.queries = PrometheusQueries(self._http, settings.prometheus, metrics, clocks=clocks)
        self.marks = WebMarks(self._web, steady=steady_seconds)
        desk = Desk(self._outward, metrics, steady=steady_seconds, now=now, may_send=may_send)
        self.notifier = Notifier(settings.notifications, desk, cluster=settings.cluster)

    async def warm_up(self) -> None:
        """What would make the first passes slow is done before them."""
        await self._calls.warm_up()

    async def close(self) -> None:
        """Nothing is asked any more."""
        self._calls.close()
        for http in (self._http, self._web, self._outward):
            await http.close()
