"""Sends requests to a model server, from a pod with the training image: needs its data, aiohttp, nothing of ours.

    python3 client.py score --url URL --rows N      every held-out row once, and how many answers were right
    python3 client.py load --url URL                one row a request until SIGTERM, and how many of them failed;
        --bodies FILE                               bodies of requests as JSON lines, instead of car-loan rows
        --kept N --pause SECONDS                    so many connections that stay, and one anew for each request

The last line of the log holds the figures. The protocol is Open Inference Protocol V2; a request has failed unless
it is answered 200 with as many answers as rows.
"""

import argparse
import asyncio
import contextlib
import csv
import itertools
import json
import signal
import time
from collections import Counter
from pathlib import Path

import aiohttp

DATA = Path("/data")
NUMBERS = ("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure")
WORDS = ("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment")
BATCH_ROWS = 500
KEPT_CONNECTIONS = 4
PAUSE_SECONDS = 0.1
TIMEOUT = aiohttp.ClientTimeout(total=60)

Row = dict[str, str]


def read_rows(limit: int) -> tuple[list[Row], list[int]]:
    """The first rows that came after the training data, and whether those loans were paid back."""
    with (DATA / "synthetic_car_loan_analysis.csv").open(encoding="utf-8") as file:
        rows = list(itertools.islice(csv.DictReader(file), limit))
    with (DATA / "synthetic_car_loan_analysis_target.csv").open(encoding="utf-8") as file:
        labels = [int(line["repaid"]) for line in itertools.islice(csv.DictReader(file), limit)]
    return rows, labels


def body(rows: list[Row]) -> bytes:
    """Rows as a V2 request: one input a column."""
    numbers = [_input(name, "FP64", [float(row[name]) for row in rows]) for name in NUMBERS]
    words = [_input(name, "BYTES", [row[name] for row in rows]) for name in WORDS]
    return json.dumps({"inputs": numbers + words}).encode()


def _input(name: str, datatype: str, values: list[float] | list[str]) -> dict[str, object]:
    return {"name": name, "datatype": datatype, "shape": [len(values)], "data": values}


class Tally:
    """What was sent and what became of it."""

    def __init__(self) -> None:
        self.sent = 0
        self.errors: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.slowest = 0.0

    async def ask(self, session: aiohttp.ClientSession, url: str, *, payload: bytes, rows: int) -> list[float]:
        """Send one request; return the numbers of its first output, or nothing when it failed."""
        self.sent += 1
        started = time.monotonic()
        try:
            async with session.post(url, data=payload, headers={"Content-Type": "application/json"}) as response:
                answer = await response.read()
                if response.status != 200:
                    self.errors[f"{response.status}: {answer[:200].decode(errors='replace')}"] += 1
                    return []
        except (aiohttp.ClientError, TimeoutError) as error:
            self.errors[repr(error)[:200]] += 1
            return []
        self.slowest = max(self.slowest, time.monotonic() - started)
        reply = json.loads(answer)
        output = reply["outputs"][0]
        if output["shape"][0] != rows:
            self.errors[f"{output['shape'][0]} answers to {rows} rows"] += 1
            return []
        self.versions[str(reply["model_version"])] += 1
        numbers: list[float] = output["data"]
        return numbers

    def __add__(self, other: "Tally") -> "Tally":
        both = Tally()
        both.sent = self.sent + other.sent
        both.errors, both.versions = self.errors + other.errors, self.versions + other.versions
        both.slowest = max(self.slowest, other.slowest)
        return both

    def figures(self) -> dict[str, object]:
        """The numbers so far."""
        return {
            "sent": self.sent,
            "failed": sum(self.errors.values()),
            "errors": dict(self.errors.most_common(5)),
            "versions": dict(self.versions),
            "slowestSeconds": round(self.slowest, 4),
        }


async def score(url: str, limit: int) -> dict[str, object]:
    """Send every row once, several in a request, and compare the answers with the labels."""
    rows, labels = read_rows(limit)
    tally, right, answered = Tally(), 0, 0
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        for start in range(0, len(rows), BATCH_ROWS):
            batch = rows[start : start + BATCH_ROWS]
            numbers = await tally.ask(session, url, payload=body(batch), rows=len(batch))
            probabilities = numbers[1::2]  # of 0 and of 1, for each row
            answered += len(probabilities)
            wanted = labels[start : start + len(probabilities)]
            right += sum(int(p >= 0.5) == label for p, label in zip(probabilities, wanted, strict=True))
    return {**tally.figures(), "rows": answered, "accuracy": right / answered if answered else None}


async def load(url: str, bodies: list[bytes], *, kept: int, pause: float) -> dict[str, object]:
    """Ask for one row after another, over connections that stay and over a new one each time, until SIGTERM."""
    stop, on_kept, on_new = asyncio.Event(), Tally(), Tally()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def keep_asking(tally: Tally, payloads: list[bytes], connector: aiohttp.BaseConnector) -> None:
        async with aiohttp.ClientSession(timeout=TIMEOUT, connector=connector) as session:
            for payload in itertools.cycle(payloads):
                if stop.is_set():
                    return
                await tally.ask(session, url, payload=payload, rows=1)
                await asyncio.sleep(pause)

    def figures() -> dict[str, object]:
        return {**(on_kept + on_new).figures(), "newConnections": dict(on_new.versions)}

    async with asyncio.TaskGroup() as group:
        for number in range(kept):
            group.create_task(keep_asking(on_kept, bodies[number::kept], aiohttp.TCPConnector(limit=1)))
        group.create_task(keep_asking(on_new, bodies, aiohttp.TCPConnector(force_close=True)))
        while not stop.is_set():
            print(json.dumps(figures()), flush=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=1)
    return figures()


def read_bodies(file: Path | None) -> list[bytes]:
    """One body a line, or a thousand rows of car-loan."""
    if file is not None:
        return file.read_bytes().splitlines()
    rows, _ = read_rows(1000)
    return [body([row]) for row in rows]


def main() -> None:
    """Run one of the two and print its figures as the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["score", "load"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--bodies", type=Path)
    parser.add_argument("--kept", type=int, default=KEPT_CONNECTIONS)
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS)
    given = parser.parse_args()
    if given.mode == "score":
        work = score(given.url, given.rows)
    else:
        work = load(given.url, read_bodies(given.bodies), kept=given.kept, pause=given.pause)
    print(json.dumps({**asyncio.run(work), "done": True}), flush=True)


if __name__ == "__main__":
    main()
