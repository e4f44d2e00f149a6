"""`leeboard-runtime profile`: a model's profile, built in a pod without credentials from a reference that was fetched.

The file is the whole result; the termination message holds its digest, so that the container that keeps it can tell
that nothing came between.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from leeboard_runtime.digest import digest_of, measure
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.model import LoadedModel
from leeboard_runtime.profiling.document import Subject, build
from leeboard_runtime.profiling.reference import Wanted, read
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.profile")


def profile(
    model: Path, reference: Path, destination: Path, *, subject: Subject, wanted: Wanted, redact: Sequence[str] = ()
) -> bytes:
    """Write the profile to `destination` and return its bytes. The model's files have the digest of `subject`.

    Raises PermanentFault (DigestMismatch, LoadFailed, Signature..., Reference..., ScoringFailed).
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    digest = measure(model).digest
    if digest != subject.digest:
        raise PermanentFault(Reason.DIGEST_MISMATCH, f"the model has digest {digest}, expected {subject.digest}")
    loaded = LoadedModel.load(model)
    found = read(reference, wanted, loaded.description)
    content = build(loaded, found, subject, wanted=wanted, redact=redact)
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(content)
    told = digest_of(destination)
    write_termination({"digest": told, "bytes": len(content), "rows": found.rows})
    log.info("profile built rows=%d bytes=%d digest=%s", found.rows, len(content), told)
    return content
