"""Sends car-loan rows to a model server, from a pod with the training image: needs its data, aiohttp, nothing of ours.

    python3 client.py score --url URL --rows N      every held-out row once, and how many answers were right
    python3 client.py load --url URL                one row a request until SIGTERM, and how many of them failed

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
        """Send one request; return the probabilities of 1 of each row, or nothing when it failed."""
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
        probabilities: list[float] = reply["outputs"][0]["data"][1::2]
        if len(probabilities) != rows:
            self.errors[f"{len(probabilities)} answers to {rows} rows"] += 1
            return []
        self.versions[str(reply["model_version"])] += 1
        return probabilities

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
            answers = await tally.ask(session, url, payload=body(batch), rows=len(batch))
            answered += len(answers)
            wanted = labels[start : start + len(answers)]
            right += sum(int(p >= 0.5) == label for p, label in zip(answers, wanted, strict=True))
    return {**tally.figures(), "rows": answered, "accuracy": right / answered if answered else None}


async def load(url: str) -> dict[str, object]:
    """Ask for one row after another, over kept connections and over a new one each time, until SIGTERM."""
    rows, _ = read_rows(1000)
    payloads = [body([row]) for row in rows]
    tally, stop = Tally(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with asyncio.TaskGroup() as group:
        for number in range(KEPT_CONNECTIONS):
            kept = aiohttp.TCPConnector(limit=1)
            group.create_task(_keep_asking(tally, url, payloads[number::KEPT_CONNECTIONS], connector=kept, stop=stop))
        new = aiohttp.TCPConnector(force_close=True)
        group.create_task(_keep_asking(tally, url, payloads, connector=new, stop=stop))
        while not stop.is_set():
            print(json.dumps(tally.figures()), flush=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=1)
    return tally.figures()


async def _keep_asking(
    tally: Tally, url: str, payloads: list[bytes], *, connector: aiohttp.BaseConnector, stop: asyncio.Event
) -> None:
    async with aiohttp.ClientSession(timeout=TIMEOUT, connector=connector) as session:
        for payload in itertools.cycle(payloads):
            if stop.is_set():
                return
            await tally.ask(session, url, payload=payload, rows=1)
            await asyncio.sleep(PAUSE_SECONDS)


def main() -> None:
    """Run one of the two and print its figures as the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["score", "load"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--rows", type=int, default=25_000)
    arguments = parser.parse_args()
    work = score(arguments.url, arguments.rows) if arguments.mode == "score" else load(arguments.url)
    print(json.dumps({**asyncio.run(work), "done": True}), flush=True)


if __name__ == "__main__":
    main()
