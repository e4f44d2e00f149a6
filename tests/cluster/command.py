"""Running other programs: their output is kept, and a failure says which program failed and why."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cluster.errors import ClusterError


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout_seconds: float = 600,
) -> str:
    """Run a program to its end and return its standard output.

    Raises:
        ClusterError: the program is missing, exits non-zero or takes longer than ``timeout_seconds``.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except FileNotFoundError as missing:
        raise ClusterError(f"{words[0]} is not installed") from missing
    except subprocess.TimeoutExpired as late:
        raise ClusterError(f"{' '.join(words[:4])} took longer than {timeout_seconds:.0f} s") from late
    if done.returncode != 0:
        tail = (done.stdout[-1500:] + done.stderr[-1500:]).strip()
        raise ClusterError(f"{' '.join(words[:6])} failed ({done.returncode}): {tail}")
    return done.stdout


def succeeds(argv: Sequence[str | Path], *, timeout_seconds: float = 60) -> bool:
    """Tell whether a program runs and exits zero."""
    try:
        run(argv, timeout_seconds=timeout_seconds)
    except ClusterError:
        return False
    return True


def found(program: str) -> str | None:
    """Return the path of a program, looking in the administrator's folders too, or None."""
    path = os.environ.get("PATH", "")
    return shutil.which(program, path=f"{path}:/usr/local/sbin:/usr/sbin:/sbin")
