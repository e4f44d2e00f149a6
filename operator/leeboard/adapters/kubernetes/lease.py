"""Leader election by a ``coordination.k8s.io/v1`` Lease, with a clock that goes on during suspension.

Like client-go's: the holder is judged by how long *we* have seen its record unchanged, never by its wall clock; every
write is compare-and-swap by resourceVersion; the process that loses it exits. It is no fence: deterministic names and
preconditions are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from leeboard.adapters.kubernetes.client import ApiClient, NotFoundError, Request, Verb
from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.adapters.kubernetes.jitter import jittered
from leeboard.adapters.kubernetes.kinds import LEASE
from leeboard.api.resource import Manifest
from leeboard.errors import ConflictError, LeeboardError

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Seconds: how long a silent holder keeps it, when a leader gives up, how often both try."""

    duration: float = 15
    renew_deadline: float = 10
    retry: float = 2
    request_timeout: float = 4


@dataclass(frozen=True, slots=True)
class LeaseName:
    """Which Lease, and who we are in it."""

    namespace: str
    name: str
    identity: str


class Election:
    """Acquires, renews and gives back one Lease, and moves the gate for writes with it."""

    def __init__(
        self,
        client: ApiClient,
        lease: LeaseName,
        *,
        gate: WriteGate,
        steady: Callable[[], float],
        now: Callable[[], datetime],
        terms: LeaseTerms | None = None,
    ) -> None:
        self._client = client
        self._lease = lease
        self._gate = gate
        self._steady = steady
        self._now = now
        self._terms = terms or LeaseTerms()
        self._seen: Manifest | None = None
        self._seen_at = 0.0
        self.tried_at = steady()

    async def acquire(self) -> None:
        """Return when this process leads."""
        while not await self._try():  # noqa: ASYNC110 - it asks the server, there is nothing to wait for
            await asyncio.sleep(jittered(self._terms.retry))
        _log.info("lease acquired", lease=self._lease.name, identity=self._lease.identity)

    async def keep(self) -> None:
        """Renew until the Lease is lost; then shut the gate and return."""
        renewed_at = self._steady()
        while self._steady() - renewed_at < self._terms.renew_deadline:
            await asyncio.sleep(self._terms.retry)
            if await self._try():
                renewed_at = self._steady()
            elif self._held_by_another():
                break
        self._gate.shut()
        _log.error("lease lost", lease=self._lease.name, holder=self._holder())

    async def release(self) -> None:
        """Give the Lease back, so that a standby need not wait for it to run out."""
        was_open = self._gate.is_open
        self._gate.shut()
        if not was_open or self._seen is None or self._holder() != self._lease.identity:
            return
        spec = self._seen["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1}
        try:
            await self._put(self._seen | {"spec": spec})
            _log.info("lease released", lease=self._lease.name)
        except LeeboardError as error:
            _log.warning("lease not released", lease=self._lease.name, error=str(error))

    async def _try(self) -> bool:
        self.tried_at = sent_at = self._steady()
        try:
            if self._holder() != self._lease.identity or self._seen is None:
                await self._look()
            if self._held_by_another():
                return False
            self._see(await self._claim())
        except ConflictError:
            # Somebody else was faster: look again before judging.
            self._seen = None
            return False
        except LeeboardError as error:
            _log.warning("lease not renewed", lease=self._lease.name, error=str(error))
            return False
        self._gate.renewed(sent_at)
        return True

    async def _look(self) -> None:
        path = LEASE.path(self._lease.namespace, self._lease.name)
        try:
            self._see(await self._client.send(self._request(Verb.GET, path)))
        except NotFoundError:
            self._seen = None

    def _see(self, lease: Manifest) -> None:
        if self._seen is None or self._seen["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]:
            self._seen_at = self._steady()
        self._seen = lease

    def _holder(self) -> str:
        return str((self._seen or {}).get("spec", {}).get("holderIdentity") or "")

    def _held_by_another(self) -> bool:
        holder = self._holder()
        if not holder or holder == self._lease.identity or self._seen is None:
            return False
        duration = float(self._seen["spec"].get("leaseDurationSeconds") or self._terms.duration)
        return self._steady() - self._seen_at < duration

    async def _claim(self) -> Manifest:
        moment = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if self._seen is None:
            metadata = {"name": self._lease.name, "namespace": self._lease.namespace}
            body = {
                "apiVersion": LEASE.api_version,
                "kind": LEASE.kind,
                "metadata": metadata,
                "spec": self._spec(moment),
            }
            return await self._client.send(self._request(Verb.CREATE, LEASE.path(self._lease.namespace), body))
        return await self._put(self._seen | {"spec": self._seen.get("spec", {}) | self._spec(moment)})

    def _spec(self, moment: str) -> Manifest:
        spec: Manifest = {
            "holderIdentity": self._lease.identity,
            "leaseDurationSeconds": int(self._terms.duration),
            "renewTime": moment,
        }
        if self._holder() != self._lease.identity:
            transitions = int((self._seen or {}).get("spec", {}).get("leaseTransitions") or 0)
            spec |= {"acquireTime": moment, "leaseTransitions": transitions + 1 if self._seen else 0}
        return spec

    async def _put(self, lease: Manifest) -> Manifest:
        return await self._client.send(
            self._request(Verb.UPDATE, LEASE.path(self._lease.namespace, self._lease.name), lease)
        )

    def _request(self, verb: Verb, path: str, body: Manifest | None = None) -> Request:
        return Request(verb, LEASE.kind, path, body=body, timeout_seconds=self._terms.request_timeout)
