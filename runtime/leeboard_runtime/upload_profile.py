"""`leeboard-runtime upload-profile`: keeps a profile with the run of its model.

The container that built it had loaded somebody's model, so it is read here as data of a stranger: its form and whose
profile it says it is are checked before anything is kept. Its name in the run is that of its content, so that keeping
it again changes nothing and two versions of one run do not meet.
"""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from leeboard_runtime.artifacts import upload
from leeboard_runtime.digest import digest_of
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.profile")

LIMIT_BYTES = 64 << 20
SCHEMA = 1
FOLDER = "leeboard"
DIGITS = 16


def upload_profile(profile: Path, *, run_id: str, model_digest: str) -> None:
    """Keep it as `leeboard/profile-<digits of its digest>.json` and say so in the termination message.

    Raises PermanentFault (ProfileInvalid, RunNotFound, AccessDenied) and TransientFault (TrackingUnavailable).
    """
    summary = _summary(profile, model_digest)
    digest = digest_of(profile)
    name = f"profile-{digest.removeprefix('sha256:')[:DIGITS]}.json"
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / name
        named.write_bytes(profile.read_bytes())
        upload(named, run_id, FOLDER)
    uri = f"runs:/{run_id}/{FOLDER}/{name}"
    write_termination({"uri": uri, "digest": digest, "bytes": profile.stat().st_size, **summary})
    log.info("profile kept uri=%s digest=%s", uri, digest)


def _summary(profile: Path, model_digest: str) -> dict[str, Any]:
    """Rows, features and how many of them are monitored. Raises PermanentFault(ProfileInvalid)."""
    try:
        if profile.is_symlink() or (profile.exists() and not profile.is_file()):
            raise _invalid("it is not a plain file")
        size = profile.stat().st_size
        if size > LIMIT_BYTES:
            raise _invalid(f"it has {size} bytes, more than {LIMIT_BYTES}")
        content = json.loads(profile.read_bytes())
        schema, digest = content["schema"], content["model"]["digest"]
        rows, kinds = int(content["reference"]["rows"]), [str(feature["kind"]) for feature in content["features"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _invalid(f"{type(error).__name__}: {error}") from error
    if schema != SCHEMA:
        raise _invalid(f"its schema is {schema!r}, not {SCHEMA}")
    if digest != model_digest:
        raise _invalid(f"it speaks of a model with digest {digest!r}, expected {model_digest}")
    return {"rows": rows, "features": len(kinds), "monitored": sum(kind != "NotMonitored" for kind in kinds)}


def _invalid(why: str) -> PermanentFault:
    return PermanentFault(Reason.PROFILE_INVALID, f"the profile is not one: {why}")
