"""The ASGI application of the front: the protocol's paths, one await on the batcher for each inference.

No framework: a path is looked up in a dictionary, the body is parsed once, two messages are sent.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from leeboard_runtime import protocol
from leeboard_runtime.answers import Answers
from leeboard_runtime.batching import Batcher
from leeboard_runtime.errors import Refusal
from leeboard_runtime.metrics import ServerMetrics
from leeboard_runtime.signature import Description

if TYPE_CHECKING:
    from leeboard_runtime.feedback import Feedback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, bytes]

FEEDBACK = "/feedback"
JSON_TYPE = (b"content-type", b"application/json")
CLOSE = (b"connection", b"close")
RETRY_AFTER = (b"retry-after", b"1")


class Watchers(NamedTuple):
    """Who else is told of an answered request, and of labels."""

    answers: Answers
    feedback: Feedback | None = None


class Front:
    """State that requests see: the parser once the worker is ready, whether the server drains."""

    def __init__(
        self,
        name: str,
        model_version: str,
        *,
        batcher: Batcher,
        metrics: ServerMetrics,
        watchers: Watchers,
        body_limit_bytes: int,
        server_version: str,
    ) -> None:
        self._batcher = batcher
        self._metrics = metrics
        self._answers, self._feedback = watchers
        self._body_limit = body_limit_bytes
        self._replies = protocol.Replies(name, model_version)
        self._parser: protocol.RequestParser | None = None
        self._description: Description | None = None
        self.draining = False
        base = f"/v2/models/{name}"
        version = f"{base}/versions/{model_version}"
        self._infer_paths = frozenset({f"{base}/infer", f"{version}/infer"})
        self._server_metadata = protocol.server_metadata(server_version)
        self._get: dict[str, Callable[[], Answer]] = {
            "/v2": lambda: (200, self._server_metadata),
            "/v2/health/live": lambda: (200, b'{"live":true}'),
            "/v2/health/ready": self._server_ready,
            base: self._model,
            version: self._model,
            f"{base}/ready": self._model_ready,
            f"{version}/ready": self._model_ready,
        }
        self._models = f"{base} and {version}"

    @property
    def ready(self) -> bool:
        """Takes requests: a worker is warm and no shutdown has been asked for."""
        return self._parser is not None and not self.draining

    def worker_ready(self, description: Description) -> None:
        """Serve the model that the worker describes."""
        self._parser = protocol.RequestParser(description)
        self._description = description

    def worker_lost(self) -> None:
        """No model until the next `worker_ready`."""
        self._parser = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"] in self._infer_paths:
            await self._infer(scope, receive, send)
            return
        if scope["path"] == FEEDBACK and self._feedback is not None:
            await self._reply(send, *await self._label(scope, receive, self._feedback))
            return
        answer = self._get.get(scope["path"].rstrip("/"))
        if answer is None:
            message = f"unknown path {scope['path']}; this server has {self._models}"
            await self._reply(send, HTTPStatus.NOT_FOUND, protocol.error(message))
        elif scope["method"] not in {"GET", "HEAD"}:
            await self._reply(send, HTTPStatus.METHOD_NOT_ALLOWED, protocol.error("use GET"))
        else:
            await self._reply(send, *answer())

    async def _infer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        metrics = self._metrics
        metrics.in_flight += 1
        status = 500
        try:
            try:
                body = await self._body(scope, receive)
                call = self._ready_parser().parse(body)
                tensors, tokens = await self._batcher.submit(call.packed)
                reply = self._replies.infer(call, tensors, tokens)
                status = 200
            except Refusal as refusal:
                status, reply = refusal.status, protocol.error(refusal.message)
            metrics.finished(status, time.perf_counter() - started)
            await self._reply(send, status, reply)
            if status == HTTPStatus.OK and self._answers.are_wanted:
                self._answers.keep(call.packed, tensors)
        finally:
            metrics.in_flight -= 1
            metrics.last_request = time.monotonic()

    async def _label(self, scope: Scope, receive: Receive, feedback: Feedback) -> Answer:
        """Labels that come late, from whoever has the credential."""
        try:
            feedback.authorize(dict(scope["headers"]).get(b"authorization"))
            return feedback.take(await self._body(scope, receive))
        except Refusal as refusal:
            return refusal.status, protocol.error(refusal.message)

    def _ready_parser(self) -> protocol.RequestParser:
        if self._parser is None:
            raise Refusal(503, "the model is not ready")
        return self._parser

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        headers = dict(scope["headers"])
        if scope["method"] != "POST":
            raise Refusal(405, "use POST")
        if b"inference-header-content-length" in headers:
            raise Refusal(400, "Inference-Header-Content-Length: the binary tensor data extension is not supported")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refusal(415, "Content-Encoding: send the body uncompressed")
        if int(headers.get(b"content-length", b"0")) > self._body_limit:
            raise Refusal(413, f"the body is over {self._body_limit} bytes")
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "the client went away")
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > self._body_limit:
                raise Refusal(413, f"the body is over {self._body_limit} bytes")
            more = message.get("more_body", False)
        return b"".join(chunks) if len(chunks) > 1 else chunks[0]

    async def _reply(self, send: Send, status: int, body: bytes) -> None:
        headers = [JSON_TYPE, (b"content-length", b"%d" % len(body))]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append(RETRY_AFTER)
        if self.draining or status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            headers.append(CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _server_ready(self) -> Answer:
        return (200, b'{"ready":true}') if self.ready else (503, b'{"ready":false}')

    def _model_ready(self) -> Answer:
        return 200 if self.ready else 503, self._replies.model_ready(ready=self.ready)

    def _model(self) -> Answer:
        if self._description is None:
            return 503, protocol.error("the model is not ready")
        return 200, self._replies.model(self._description)
