"""`python -m tests.bench [NAME ...]`: run benchmarks; exit 1 when a budget is missed."""

from __future__ import annotations

import importlib
import sys

NAMES = ("reconcile", "analysis", "drift", "counters", "watch")


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, all that are part of `make bench` by default."""
    held = [importlib.import_module(f"tests.bench.{name}").main() for name in arguments or NAMES]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
