"""Writes, or checks, the files that are generated from the code.

python -m leeboard.generate                       all of them
python -m leeboard.generate crds api-reference    some of them
python -m leeboard.generate --check               exit 1 and name what is out of date
python -m leeboard.generate pod-template --openapi FILE
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leeboard.generate.generators import GENERATORS
from leeboard.generate.openapi import pod_template_text

POD_TEMPLATE = "pod-template"
POD_TEMPLATE_FILE = Path("operator/leeboard/api/schema/pod_template.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate into the folder ``--root``; returns the exit status."""
    options = _parser().parse_args(arguments)
    files = _generated(options.names or GENERATORS, options.openapi)
    stale = [path for path, text in files.items() if _content(options.root / path) != text]
    for path in stale:
        sys.stdout.write(f"{'out of date' if options.check else 'written'}: {path}\n")
        if not options.check:
            (options.root / path).parent.mkdir(parents=True, exist_ok=True)
            (options.root / path).write_text(files[path], encoding="utf-8")
    if options.check and stale:
        sys.stdout.write("run `make generate` and commit what it writes\n")
        return 1
    return 0


def _generated(names: Iterable[str], openapi: Path | None) -> Mapping[Path, str]:
    files: dict[Path, str] = {}
    for name in names:
        if name != POD_TEMPLATE:
            files |= GENERATORS[name]()
        elif openapi is not None:
            files[POD_TEMPLATE_FILE] = pod_template_text(openapi.read_text(encoding="utf-8"))
        else:
            raise SystemExit("pod-template needs --openapi: api/openapi-spec/v3/api__v1_openapi.json of Kubernetes")
    return files


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m leeboard.generate", description="Write generated files.")
    parser.add_argument(
        "names", nargs="*", choices=[*GENERATORS, POD_TEMPLATE, []], help="what to generate; all by default"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is out of date")
    parser.add_argument("--root", type=Path, default=Path(), help="root of the repository")
    parser.add_argument("--openapi", type=Path, help="OpenAPI document (version 3) of core/v1, for pod-template")
    return parser


if __name__ == "__main__":
    sys.exit(main())
