"""kubectl as a user runs it, against one API server and namespace."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command said."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The binary, the administrator's kubeconfig and a namespace."""

    binary: Path
    kubeconfig: Path
    namespace: str = "default"

    def ask(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> Answer:
        """Run one command; ``manifest`` is its input when ``-f -`` is among the arguments."""
        command = [str(self.binary), f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}", *arguments]
        text = None if manifest is None else json.dumps(manifest)
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    def do(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> str:
        """Run one command that must succeed; returns its output."""
        answer = self.ask(*arguments, manifest=manifest)
        assert answer.status == 0, f"kubectl {' '.join(arguments)}: {answer.err}"
        return answer.out

    def read(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run one command that must succeed with ``-o json``; returns the object."""
        value = json.loads(self.do(*arguments, "-o", "json", manifest=manifest))
        assert isinstance(value, dict)
        return value

    def refusal(self, *arguments: str, manifest: Mapping[str, Any] | None = None) -> str:
        """Run one command that must fail; returns what it complained of."""
        answer = self.ask(*arguments, manifest=manifest)
        assert answer.status != 0, f"kubectl {' '.join(arguments)} was accepted: {answer.out}"
        return answer.err
