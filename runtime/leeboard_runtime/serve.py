"""`leeboard-runtime serve`: options to a running server; the event loop is uvloop's."""

from __future__ import annotations

import argparse
import asyncio

import uvloop

from leeboard_runtime.batching import BatchLimits
from leeboard_runtime.monitoring_setup import MonitoringOptions
from leeboard_runtime.server import ModelServer, ServerOptions
from leeboard_runtime.worker_link import WorkerOptions

BACK_OFF_SECONDS = 0.5
BACK_OFF_LIMIT_SECONDS = 30.0


def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM. Raises RuntimeFault when the model cannot be served."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(server_options(options)))


def server_options(options: argparse.Namespace) -> ServerOptions:
    """The command line as the server's own values."""
    limits = BatchLimits(
        max_rows=options.max_batch if options.batching else 0,
        queue=options.queue,
        timeout_seconds=options.request_timeout,
    )
    worker = WorkerOptions(
        python=options.worker_python,
        model=options.model,
        lean=options.lean,
        predict_fn=options.predict_fn,
        restarts=options.worker_restarts,
        back_off_seconds=BACK_OFF_SECONDS,
        back_off_limit_seconds=BACK_OFF_LIMIT_SECONDS,
    )
    return ServerOptions(
        name=options.name,
        version=options.version,
        revision=options.revision,
        host=options.host,
        port=options.port,
        metrics_port=options.metrics_port,
        body_limit_bytes=options.max_body_bytes,
        drain_seconds=options.drain_timeout,
        least_drain_seconds=options.least_drain,
        limits=limits,
        worker=worker,
        monitoring=MonitoringOptions(
            profile=options.profile,
            segments=options.segments,
            groups=options.groups,
            token_keys=options.token_keys,
            feedback_credential=options.feedback_credential,
            longest_label_delay_seconds=options.longest_label_delay,
            cohort_seconds=options.cohort,
        ),
    )


async def _serve(options: ServerOptions) -> None:
    await ModelServer(options).run()
