"""Which checkout's cluster this machine runs: there is room for one, and the next one takes over."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.cluster.paths import REGISTRY
from tests.cluster.processes import boot_id

_OWNER = REGISTRY / "owner.json"
REMEMBERED_SYSCTLS = REGISTRY / "sysctls.json"


@dataclass(frozen=True, slots=True)
class Owner:
    """The state folder of the cluster that this machine runs, and the boot that it was started in."""

    state: str
    boot_id: str
    key: str
    """What the cluster was built from: another key calls for a new cluster."""

    @classmethod
    def of(cls, state: Path, key: str) -> "Owner":
        """Return the owner that a cluster started now would be."""
        return cls(str(state), boot_id(), key)


def current() -> Owner | None:
    """Return the recorded owner, or None when there is none or the record cannot be read."""
    try:
        record = json.loads(_OWNER.read_text())
        return Owner(**record) if isinstance(record, Mapping) else None
    except (OSError, ValueError, TypeError):
        return None


def record(owner: Owner) -> None:
    """Record the owner of the cluster that is about to start."""
    REGISTRY.mkdir(parents=True, exist_ok=True)
    partial = _OWNER.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(owner), indent=1))
    partial.replace(_OWNER)


def forget() -> None:
    """Remove the record."""
    _OWNER.unlink(missing_ok=True)
    if REGISTRY.exists() and not any(REGISTRY.iterdir()):
        REGISTRY.rmdir()
