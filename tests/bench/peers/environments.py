"""A virtual environment for each peer, made once, outside the checkout: their pins do not fit beside ours."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = {
    "kserve": ("kserve==0.21.0", "mlflow==3.17.2", "scikit-learn==1.7.2", "pandas<3"),
    "mlserver": ("mlserver==1.7.1", "mlserver-mlflow==1.7.1", "mlflow==3.17.2", "scikit-learn==1.7.2", "pandas<3"),
    "drift": ("evidently==0.7.23", "nannyml==0.13.1", "pandas<3"),
}


def peer_python(name: str) -> Path:
    """The interpreter of the peer's environment."""
    wanted = REQUIREMENTS[name]
    key = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    folder = cache / "leeboard" / "peers" / f"{name}-{key}"
    done = folder / ".complete"
    if not done.exists():
        print(f"installing {', '.join(wanted)} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *wanted], check=True)
        done.touch()
    return folder / "bin" / "python"
