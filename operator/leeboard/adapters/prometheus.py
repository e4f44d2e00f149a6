"""The port ``Queries``: Prometheus servers by the names that the administrator gave them, by nothing else.

API: https://prometheus.io/docs/prometheus/latest/querying/api/ (instant queries). A sample that is older than
STALE_SECONDS counts as missing: an instant query alone would tell a value of five minutes ago as that of now.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leeboard.adapters.http_client import Answer, HttpClient, Limits
from leeboard.adapters.prometheus_counts import counts_of, query_for
from leeboard.api.resource import Manifest
from leeboard.errors import TransientError
from leeboard.metrics import Metrics, PollOutcome
from leeboard.monitoring.counts import PodCounts
from leeboard.planning.facts import Unknown

PATH = "/api/v1/query"
LIMITS = Limits(seconds=5.0, bytes=4 * 1024 * 1024)
STALE_SECONDS = 60.0
REST_SECONDS = 5.0
AT_ONCE = 16
ERROR_TYPES = frozenset({"timeout", "canceled", "execution", "bad_data", "internal", "unavailable", "not_found"})


@dataclass(frozen=True, slots=True)
class Clocks:
    """The wall clock and a monotonic one, in seconds."""

    now: Callable[[], datetime]
    steady: Callable[[], float]


class PrometheusQueries:
    """A server that does not answer is left alone for REST_SECONDS: many services may ask the same one."""

    def __init__(self, http: HttpClient, providers: Mapping[str, str], metrics: Metrics, *, clocks: Clocks) -> None:
        self._http = http
        self._providers = dict(providers)
        self._metrics = metrics
        self._clocks = clocks
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._resting: dict[str, tuple[float, str]] = {}

    async def number(self, provider: str, query: str) -> float | Unknown:
        """The one number that ``query`` results in now."""
        data = await self._data(provider, query)
        if isinstance(data, Unknown):
            return data
        value = _one_number(data, now=self._clocks.now().timestamp())
        return Unknown(f"{provider}: {value}") if isinstance(value, str) else value

    async def counts(self, provider: str, pods: Sequence[Manifest]) -> Mapping[str, PodCounts | Unknown]:
        """By pod, what Prometheus last read from it; all pods are of one service."""
        if not pods:
            return {}
        data = await self._data(provider, query_for(pods))
        if isinstance(data, Unknown):
            return {pod["metadata"]["name"]: data for pod in pods}
        series = [(sample.metric, sample.value[1]) for sample in data.result] if isinstance(data, _Vector) else []
        return counts_of(pods, series, provider=provider)

    async def _data(self, provider: str, query: str) -> _Data | Unknown:
        url = self._providers.get(provider)
        if url is None:
            return Unknown(f"{provider}: the administrator has named no Prometheus server so")
        until, why = self._resting.get(provider, (0.0, ""))
        if self._clocks.steady() < until:
            return Unknown(f"{provider}: {why}")
        async with self._at_once:
            begun = self._clocks.steady()
            found, outcome = await self._ask(provider, f"{url.rstrip('/')}{PATH}", query)
            self._metrics.polls.labels("prometheus", outcome.value).observe(self._clocks.steady() - begun)
        return found

    async def _ask(self, provider: str, url: str, query: str) -> tuple[_Data | Unknown, PollOutcome]:
        form = {"query": query, "timeout": f"{LIMITS.seconds:g}s", "lookback_delta": f"{STALE_SECONDS:g}s"}
        try:
            answer = await self._http.post(url, form, limits=LIMITS)
        except TransientError as error:
            self._resting[provider] = (self._clocks.steady() + REST_SECONDS, str(error))
            return Unknown(f"{provider}: {error}"), PollOutcome.NO_ANSWER
        if not answer.is_ok:
            return Unknown(f"{provider}: it answered {_refusal(answer)}"), PollOutcome.REFUSED
        try:
            document = _Document.model_validate_json(answer.body)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "the document"
            return Unknown(f"{provider}: its answer cannot be read at {where}"), PollOutcome.UNREADABLE
        if document.warnings:
            return Unknown(f"{provider}: its answer is not complete, by its own warning"), PollOutcome.UNREADABLE
        return document.data, PollOutcome.ANSWERED


class _Sample(BaseModel):
    model_config = ConfigDict(strict=True)

    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(BaseModel):
    model_config = ConfigDict(strict=True)

    type_: Literal["vector"] = Field(alias="resultType")
    result: list[_Sample]


class _Scalar(BaseModel):
    model_config = ConfigDict(strict=True)

    type_: Literal["scalar"] = Field(alias="resultType")
    result: tuple[float, str]


class _Other(BaseModel):
    model_config = ConfigDict(strict=True)

    type_: Literal["matrix", "string"] = Field(alias="resultType")
    result: list[Any]


_Data = _Vector | _Scalar | _Other


class _Document(BaseModel):
    model_config = ConfigDict(strict=True)

    status: Literal["success"]
    data: Annotated[_Data, Field(discriminator="type_")]
    warnings: list[str] = Field(default_factory=list)


class _Error(BaseModel):
    error_type: str = Field(alias="errorType")


def _one_number(data: _Data, *, now: float) -> float | str:
    """The number, or the reason why there is none."""
    match data:
        case _Scalar(result=sample):
            moment, text = sample
        case _Vector(result=[one]):
            moment, text = one.value
        case _Vector(result=[]):
            return f"the query has no result of the last {STALE_SECONDS:g} s"
        case _Vector(result=many):
            return f"the query has {len(many)} results instead of one"
        case _Other(type_=type_):
            return f"the query has a {type_} as its result instead of one number"
    if abs(now - moment) > STALE_SECONDS:
        return f"the result is {now - moment:.0f} s old"
    try:
        value = float(text)
    except ValueError:
        return "the result is no number"
    return value if math.isfinite(value) else f"the result is {value}"


def _refusal(answer: Answer) -> str:
    """The status, with Prometheus' own word for the error where it is one of those that it has."""
    try:
        kind = _Error.model_validate_json(answer.body).error_type
    except ValidationError:
        kind = ""
    return f"{answer.status} ({kind})" if kind in ERROR_TYPES else str(answer.status)
