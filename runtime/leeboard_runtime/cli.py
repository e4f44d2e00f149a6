"""The command line: `leeboard-runtime fetch | fingerprint | fetch-reference | profile | upload-profile | select-rows |
answer | compare-answers | data-mark | serve`.

Every option is also an environment variable, `LEEBOARD_<OPTION>`.

Each command imports its own parts when it runs: `serve` must not load what `fetch` and `fingerprint` need.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from leeboard_runtime.errors import PermanentFault, Reason, RuntimeFault
from leeboard_runtime.evaluation.commands import COMMANDS as EVALUATION
from leeboard_runtime.options import Options, path_or_none, positive, seconds, true_or_false
from leeboard_runtime.termination import write_fault


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0, 2 for permanent and 75 for transient faults."""
    options = parse(sys.argv[1:] if arguments is None else arguments, os.environ)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        options.run(options)
    except RuntimeFault as fault:
        write_fault(fault)
        logging.getLogger("leeboard").error("%s: %s", fault.reason, fault.message)  # noqa: TRY400 - no trace for a known fault
        return fault.exit_code
    return 0


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    """The options of a command; an option that is not given comes from the environment, then from its default."""
    parser = argparse.ArgumentParser(prog="leeboard-runtime", description="The data plane of Leeboard.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text, declare, run in (
        ("fetch", "Download a model, verify its digest, compare its requirements.", _declare_fetch, _run_fetch),
        (
            "fingerprint",
            "Load a model and print what it is as one line of JSON.",
            _declare_fingerprint,
            _run_fingerprint,
        ),
        (
            "fetch-reference",
            "Download the rows that a profile is built from; they are not read.",
            _declare_fetch_reference,
            _run_fetch_reference,
        ),
        ("profile", "Load a model and build its profile from a reference.", _declare_profile, _run_profile),
        ("upload-profile", "Keep a profile with its run in MLflow.", _declare_upload_profile, _run_upload_profile),
        *EVALUATION,
        ("data-mark", "Tell a hash that changes when data change.", _declare_data_mark, _run_data_mark),
        ("serve", "Serve a model over the Open Inference Protocol.", _declare_serve, _run_serve),
    ):
        command = commands.add_parser(name, help=text, description=text)
        declare(Options(command, environment))
        command.set_defaults(run=run)
    return parser.parse_args(arguments)


def _declare_fetch(options: Options) -> None:
    options.add("model-uri", "models:/m-<id> or models:/<name>/<version>")
    options.add("destination", "directory, usually a mounted volume", kind=Path, default="/mnt/model")
    options.add("digest", "refuse content of another digest (sha256:...)", default="")
    options.switch("compare-requirements", "refuse a model that this image cannot load")
    options.add("profile-uri", "runs:/<run id>/<path> of the version's profile", default="")
    options.add("profile-digest", "digest of the profile (sha256:...)", default="")
    options.add("profile", "file to write the profile to", kind=Path, default="/mnt/model-profile/profile.json")


def _declare_fingerprint(options: Options) -> None:
    options.add("model", "directory of the model", kind=Path, default="/mnt/model")
    options.add("predict-fn", "method of the flavour's model instead of the recorded one", default="")


def _declare_fetch_reference(options: Options) -> None:
    options.add("reference-uri", "runs:/<run id>/<path>, http(s):// or s3://")
    options.add("reference", "file to write", kind=Path, default="/mnt/reference/rows")


def _declare_profile(options: Options) -> None:
    options.add("model", "directory of the model", kind=Path, default="/mnt/model")
    options.add("model-name", "the registered model")
    options.add("model-version", "its version")
    options.add("model-digest", "digest of the model's files (sha256:...)")
    options.add("reference", "file with the rows", kind=Path, default="/mnt/reference/rows")
    options.add("source", "where the rows came from; its suffix tells the format where --format does not")
    options.add("format", "CSV or Parquet", default="")
    options.add("time-column", "column that orders the rows", default="")
    options.add("target", "column with the labels", default="")
    options.add("redact", "JSON list of inputs whose names and values are hashed", kind=_names, default="[]")
    options.add("profile", "file to write", kind=Path, default="/mnt/profile/profile.json")


def _declare_upload_profile(options: Options) -> None:
    options.add("run-id", "run that keeps it")
    options.add("model-digest", "digest of the model's files (sha256:...)")
    options.add("profile", "file with the profile", kind=Path, default="/mnt/profile/profile.json")


def _declare_data_mark(options: Options) -> None:
    options.add("uri", "s3://bucket/key; AWS_* in the environment tell endpoint, region and credentials", default="")
    options.add("path", "file or folder that is looked at instead", kind=path_or_none, default="")


def _names(text: str) -> list[str]:
    """A JSON list of strings."""
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON list of names")
    return names


def _declare_serve(options: Options) -> None:
    options.add("model", "directory of the model", kind=Path, default="/mnt/model")
    options.add("name", "name of the InferenceService, the protocol's model name")
    options.add("version", "version of the model")
    options.add("revision", "revision of the InferenceService, told with every number", default="")
    options.add("host", "address to listen on", default="0.0.0.0")  # noqa: S104 - a pod is reached by its address
    options.add("port", "port of the protocol", kind=int, default="8080")
    options.add("metrics-port", "port of /metrics and /monitoring/counts", kind=int, default="9090")
    options.add(
        "batching", "put waiting requests into one call: row-wise models only", kind=true_or_false, default="false"
    )
    options.add("lean", "skip MLflow's check on each call where answers agree", kind=true_or_false, default="false")
    options.add("max-batch", "rows in one call", kind=positive, default="256")
    options.add("queue", "requests that may wait before 503", kind=positive, default="1024")
    options.add("max-body-bytes", "larger requests are answered 413", kind=positive, default=str(16 << 20))
    options.add("request-timeout", "seconds until 504", kind=seconds, default="60")
    options.add("drain-timeout", "seconds after SIGTERM until open connections are cut", kind=seconds, default="30")
    options.add("least-drain", "seconds after SIGTERM that the port stays open at least", kind=seconds, default="5")
    options.add("profile", "the model's profile: count rows by it, none without", kind=path_or_none, default="")
    options.add("segments", "columns whose values are told apart, as JSON", default="[]")
    options.add("groups", "protected columns whose outcomes are told apart, as JSON", default="[]")
    options.add("token-keys", "folder of keys: answers carry tokens for late labels", kind=path_or_none, default="")
    options.add("feedback-credential", "file with the credential of /feedback", kind=path_or_none, default="")
    options.add("longest-label-delay", "seconds after which a label is refused", kind=seconds, default="2592000")
    options.add("cohort", "seconds of predictions whose labels are judged together", kind=positive, default="3600")
    options.add("predict-fn", "method of the flavour's model instead of the recorded one", default="")
    options.add("worker-python", "Python of the environment that the model is loaded in", default=sys.executable)
    options.add("worker-restarts", "deaths of the worker in a row before the server exits", kind=int, default="5")


def _run_fetch(options: argparse.Namespace) -> None:
    from leeboard_runtime.fetch import fetch, fetch_profile  # noqa: PLC0415

    if options.profile_uri:
        fetch_profile(options.profile_uri, options.profile, digest=options.profile_digest)
    fetch(
        options.model_uri,
        options.destination,
        digest=options.digest,
        compare_requirements=options.compare_requirements,
    )


def _run_fingerprint(options: argparse.Namespace) -> None:
    try:
        from leeboard_runtime.fingerprint import fingerprint  # noqa: PLC0415
    except ImportError as error:
        raise PermanentFault(Reason.LOAD_FAILED, f"this image cannot load models: {error}") from error
    fingerprint(options.model, predict_fn=options.predict_fn)


def _run_fetch_reference(options: argparse.Namespace) -> None:
    from leeboard_runtime.fetch_reference import fetch_reference  # noqa: PLC0415

    fetch_reference(options.reference_uri, options.reference)


def _run_profile(options: argparse.Namespace) -> None:
    try:
        from leeboard_runtime.profile import profile  # noqa: PLC0415
        from leeboard_runtime.profiling.document import Subject  # noqa: PLC0415
        from leeboard_runtime.profiling.reference import Wanted  # noqa: PLC0415
    except ImportError as error:
        raise PermanentFault(Reason.LOAD_FAILED, f"this image cannot load models: {error}") from error
    profile(
        options.model,
        options.reference,
        options.profile,
        subject=Subject(options.model_name, options.model_version, options.model_digest),
        wanted=Wanted(options.source, options.format, options.time_column, options.target),
        redact=options.redact,
    )


def _run_upload_profile(options: argparse.Namespace) -> None:
    from leeboard_runtime.upload_profile import upload_profile  # noqa: PLC0415

    upload_profile(options.profile, run_id=options.run_id, model_digest=options.model_digest)


def _run_data_mark(options: argparse.Namespace) -> None:
    from leeboard_runtime.data_mark import data_mark  # noqa: PLC0415

    data_mark(uri=options.uri, path=options.path)


def _run_serve(options: argparse.Namespace) -> None:
    from leeboard_runtime.serve import serve  # noqa: PLC0415

    serve(options)
