"""`python -m leeboard_runtime`."""

from __future__ import annotations

import sys

from leeboard_runtime.cli import main as run


def main() -> None:
    """Entry point of `leeboard-runtime`."""
    sys.exit(run())


if __name__ == "__main__":
    main()
