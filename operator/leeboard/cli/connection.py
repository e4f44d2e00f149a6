"""The API server as whoever calls it, with refusals in words that name the next step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from leeboard.adapters.kubernetes.client import ApiClient, NotFoundError, Request, Verb
from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.adapters.kubernetes.login import login_as_user
from leeboard.api.names import API_VERSION, Kind
from leeboard.api.resource import Manifest
from leeboard.cli.exits import Exit, Failure
from leeboard.cli.options import Target
from leeboard.errors import ConflictError, LeeboardError, RejectedError, SettingsError, TransientError
from leeboard.metrics import Metrics

PAGE = 500
FORBIDDEN = 403
T = TypeVar("T")
KINDS = {kind: ObjectKind(API_VERSION, kind.value, kind.plural) for kind in Kind}
POD = ObjectKind("v1", "Pod", "pods")
REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
NO_LOGIN = ("401", "Unauthorized")


class Connection:
    """One login and one namespace."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def get(self, kind: Kind, name: str) -> Manifest:
        """One of our objects; raises Failure when there is none of that name."""
        found = await self.find(kind, name)
        if found is None:
            raise Failure(f"no {kind} {name} in namespace {self.namespace}: leeboard get {kind.plural} -A")
        return found

    async def find(self, kind: Kind, name: str) -> Manifest | None:
        """One of our objects, or None."""
        try:
            return await self.client.send(Request(Verb.GET, kind, KINDS[kind].path(self.namespace, name)))
        except NotFoundError as error:
            if "the server could not find the requested resource" in str(error):
                raise Failure("this cluster does not know our kinds: is Leeboard installed?") from error
            return None

    async def items(self, kind: ObjectKind, *, everywhere: bool = False, selector: str = "") -> list[Manifest]:
        """All objects of a kind."""
        path = kind.path(None if everywhere else self.namespace)
        query = {"limit": str(PAGE)} | ({"labelSelector": selector} if selector else {})
        found: list[Manifest] = []
        token = ""
        while True:
            page_query = query | ({"continue": token} if token else {})
            page = await self.client.send(Request(Verb.LIST, kind.kind, path, query=page_query))
            # Items of a list carry neither of the two.
            found += [{"apiVersion": kind.api_version, "kind": kind.kind} | item for item in page.get("items") or ()]
            token = page["metadata"].get("continue", "")
            if not token:
                return found

    async def ours(self, kind: Kind, *, everywhere: bool = False) -> list[Manifest]:
        """All of our objects of one kind."""
        return await self.items(KINDS[kind], everywhere=everywhere)

    async def patch(self, kind: Kind, name: str, operations: list[Manifest]) -> Manifest:
        """One JSON patch; raises ConflictError when it replaces a resourceVersion that is no longer the current one."""
        path = KINDS[kind].path(self.namespace, name)
        return await self.client.send(Request(Verb.PATCH, kind, path, body=operations))

    async def username(self) -> str:
        """Who the API server takes us for."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = await self.client.send(Request(Verb.CREATE, "SelfSubjectReview", REVIEW, body=body))
        return str(answer["status"]["userInfo"]["username"])


def run_connected(target: Target, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Log in, do ``work``, close; what goes wrong becomes a Failure."""
    try:
        return asyncio.run(_connected(target, work))
    except SettingsError as error:
        raise Failure(f"{error}; name one with --kubeconfig or KUBECONFIG", Exit.UNREACHABLE) from error
    except RejectedError as error:
        raise Failure(_refusal(error)) from error
    except TransientError as error:
        raise Failure(_unreachable(str(error)), Exit.UNREACHABLE) from error
    except ConflictError as error:
        raise Failure(f"it changed meanwhile, try again: {error}") from error
    except LeeboardError as error:
        raise Failure(str(error)) from error


async def _connected(target: Target, work: Callable[[Connection], Awaitable[T]]) -> T:
    configuration, namespace = await login_as_user(target.kubeconfig, target.context)
    client = ApiClient(configuration, Metrics())
    try:
        return await work(Connection(client, target.namespace or namespace))
    finally:
        await client.close()


def _refusal(error: RejectedError) -> str:
    if error.code == FORBIDDEN and "ValidatingAdmissionPolicy" not in error.message:
        return f"{error.message}; ask for a role that includes it: kubectl auth can-i --list shows what you may do"
    return error.message


def _unreachable(message: str) -> str:
    if message.startswith(NO_LOGIN):
        return f"the API server does not accept this login ({message}): log in again, or choose another --context"
    return f"no answer from the API server ({message}): kubectl cluster-info says where it should be"
