"""The command line ``leeboard`` as a person uses it."""

import subprocess
import sys

from tests.stories.stage import StoryError
from tests.support.kubectl import Kubectl

SECONDS = 90


def leeboard(kubectl: Kubectl, *words: str, namespace: str) -> str:
    """Run it with the same kubeconfig; return what it printed, raise StoryError with its words when it fails."""
    where = ("--namespace", namespace, "--kubeconfig", str(kubectl.kubeconfig))
    command = [sys.executable, "-m", "leeboard", *words, *where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise StoryError(f"leeboard {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
