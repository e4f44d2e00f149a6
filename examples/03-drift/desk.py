"""The loan desk: asks a served model about 50,000 applications in the order of time, and tells it later what was right.

The first 25,000 come in five days, as nothing happens in them. Then the world changes, and fewer come a day. Outcomes
are in the records next morning; two days later the service is told, with the token of each prediction. Once a day is
answered by a new version alone, the rest comes in large days, and each row is also asked of the version before.

Each line of the log is one day; the last one has "done". A request has failed unless it is answered 200 with as many
answers as rows.
"""

import argparse
import asyncio
import csv
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

DATA = Path("/data")
NUMBERS = ("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure")
WORDS = ("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment")
CHANGE = 25_000
DAYS = ((CHANGE, 5_000), (26_500, 500), (38_500, 3_000), (42_500, 400), (50_000, 80))
"""Rows of a day, up to a row."""
LAST_DAY_ROWS = 2_500
DAY_SECONDS, DAWN = 8.0, 1.0
"""Days begin a second after each multiple of their length."""
LATE_DAYS = 3
"""After so many days the service is told what was right."""
BATCH_ROWS, REQUESTS = 160, 8
"""Rows of a request at most, and requests of a day at least: of two versions that serve, each answers some."""
LABELS_A_REQUEST = 640
ATTEMPTS = 8
"""A label is taken by pods of the version that answered only: while two versions serve, another pod is tried."""
OUTCOMES = {(True, True): "both", (True, False): "onlyNew", (False, True): "onlyOld", (False, False): "neither"}
"""Whether the new version was right, and the one before."""
OK, THRESHOLD = 200, 0.5
TIMEOUT = aiohttp.ClientTimeout(total=60)

Row = dict[str, str]


@dataclass(frozen=True)
class Day:
    """Rows that were answered on one day; ``right`` and ``tokens`` row by row, the version as well."""

    rows: list[Row]
    labels: list[int]
    right: list[bool]
    tokens: list[str]
    versions: list[str]


@dataclass
class Ledger:
    """What came of it all so far. Right answers and rows of the first version before and after the change, of the new
    one, and of both for the same rows.
    """

    sent: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    before: Counter[bool] = field(default_factory=Counter)
    during: Counter[bool] = field(default_factory=Counter)
    after: Counter[bool] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, Any]:
        """The numbers, and when that was."""
        right = {
            name: {"right": counted[True], "rows": counted.total()}
            for name, counted in (("before", self.before), ("during", self.during), ("after", self.after))
        }
        return {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "rows": self.rows,
            "sent": self.sent,
            "failed": self.errors.total(),
            "errors": dict(self.errors.most_common(5)),
            "answers": dict(self.answers),
            "labels": dict(self.labels),
            "pairs": dict(self.pairs),
            **right,
        }


class Desk:
    """Sends days, one after another. Every request takes a connection of its own, so any pod may answer it."""

    def __init__(self, session: aiohttp.ClientSession, options: argparse.Namespace) -> None:
        self._session = session
        self._infer = f"{options.service}/v2/models/{options.name}/infer"
        self._feedback, self._before, self._records = f"{options.service}/feedback", options.before, options.records
        self._credential = {"Authorization": f"Bearer {options.credential.read_text(encoding='utf-8').strip()}"}
        self.ledger = Ledger()

    async def day(self, rows: list[Row], labels: list[int]) -> Day:
        """Ask about a day's applications."""
        day = Day(rows, labels, [], [], [])
        size = min(BATCH_ROWS, -(-len(rows) // REQUESTS))
        for start in range(0, len(rows), size):
            batch, truth = rows[start : start + size], labels[start : start + size]
            said, tokens, version = await self._ask(self._infer, batch)
            day.right.extend(one == label for one, label in zip(said, truth, strict=True))
            day.tokens.extend(tokens)
            day.versions.extend([version] * len(batch))
            self.ledger.rows += len(batch)
            self.ledger.answers[version] += 1
        return day

    async def compare(self, day: Day) -> None:
        """Ask the version before about the same rows."""
        for start in range(0, len(day.rows), BATCH_ROWS):
            part = slice(start, start + BATCH_ROWS)
            said, _, _ = await self._ask(self._before, day.rows[part])
            old = [one == label for one, label in zip(said, day.labels[part], strict=True)]
            self.ledger.pairs.update(OUTCOMES[pair] for pair in zip(day.right[part], old, strict=True))

    async def tell(self, day: Day) -> None:
        """What became of a day's loans, to the service."""
        told = [{"token": token, "label": label} for token, label in zip(day.tokens, day.labels, strict=True) if token]
        for start in range(0, len(told), LABELS_A_REQUEST):
            await self._label(told[start : start + LABELS_A_REQUEST])

    async def record(self, day: Day) -> None:
        """What became of a day's loans, to the records."""
        lines = [
            ",".join([*(row[name] for name in (*NUMBERS, *WORDS, "timestamp")), str(label)])
            for row, label in zip(day.rows, day.labels, strict=True)
        ]
        async with self._session.post(self._records, data="\n".join(lines)) as response:
            response.raise_for_status()

    async def _label(self, told: list[dict[str, Any]]) -> None:
        for _ in range(ATTEMPTS):
            async with self._session.post(self._feedback, json=told, headers=self._credential) as response:
                answer = await response.json()
            refused = answer.get("refused", [])
            self.ledger.labels["accepted"] += answer["accepted"]
            foreign = [told[one["index"]] for one in refused if "another version" in one["error"]]
            self.ledger.labels["refused"] += len(refused) - len(foreign)
            told = foreign
            if not told:
                return
        self.ledger.labels["ofAnotherVersion"] += len(told)

    async def _ask(self, url: str, batch: list[Row]) -> tuple[list[int], list[str], str]:
        """The predicted class and the token of each row, and the version that answered; -1 where it failed."""
        self.ledger.sent += 1
        failed = [-1] * len(batch), [""] * len(batch), ""
        try:
            async with self._session.post(url, data=body(batch)) as response:
                answer = await response.json(content_type=None)
                if response.status != OK:
                    self.ledger.errors[f"{response.status}: {str(answer)[:200]}"] += 1
                    return failed
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.ledger.errors[repr(error)[:200]] += 1
            return failed
        probabilities = answer["outputs"][0]["data"][1::2]
        if len(probabilities) != len(batch):
            self.ledger.errors[f"{len(probabilities)} answers to {len(batch)} rows"] += 1
            return failed
        tokens = (answer.get("parameters") or {}).get("leeboard_token", "").split(",")
        tokens = tokens if len(tokens) == len(batch) else [""] * len(batch)
        return [int(one >= THRESHOLD) for one in probabilities], tokens, str(answer["model_version"])


def body(rows: list[Row]) -> bytes:
    """Rows as a V2 request: one input a column."""
    inputs: list[dict[str, object]] = [
        {"name": name, "datatype": "FP64", "shape": [len(rows)], "data": [float(row[name]) for row in rows]}
        for name in NUMBERS
    ]
    inputs += [
        {"name": name, "datatype": "BYTES", "shape": [len(rows)], "data": [row[name] for row in rows]} for name in WORDS
    ]
    return json.dumps({"inputs": inputs}).encode()


def read_rows() -> tuple[list[Row], list[int]]:
    """Applications in the order of time, and whether the loans were paid back."""
    with (DATA / "synthetic_car_loan_analysis.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (DATA / "synthetic_car_loan_analysis_target.csv").open(encoding="utf-8") as file:
        labels = [int(line["repaid"]) for line in csv.DictReader(file)]
    return rows, labels


def count(ledger: Ledger, day: Day, first: str) -> bool:
    """Count a day's right answers; return whether a new version answered all of them."""
    start = ledger.rows - len(day.rows)
    is_new = first not in day.versions
    for place, (right, version) in enumerate(zip(day.right, day.versions, strict=True)):
        if version == first:
            (ledger.before if start + place < CHANGE else ledger.during)[right] += 1
        elif is_new:
            ledger.after[right] += 1
    return is_new


async def work(options: argparse.Namespace) -> None:
    """All days."""
    rows, labels = read_rows()
    async with aiohttp.ClientSession(timeout=TIMEOUT, connector=aiohttp.TCPConnector(force_close=True)) as session:
        desk = Desk(session, options)
        first, is_new, past = "", False, list[Day]()
        start = 0
        while start < len(rows):
            usual = next(length for end, length in DAYS if start < end)
            length = LAST_DAY_ROWS if is_new else usual
            if past:
                await desk.record(past[-1])
            if len(past) >= LATE_DAYS:
                await desk.tell(past[-LATE_DAYS])
            day = await desk.day(rows[start : start + length], labels[start : start + length])
            past.append(day)
            start += len(day.rows)
            first = first or day.versions[0]
            is_new = count(desk.ledger, day, first)
            print(json.dumps(desk.ledger.figures()), flush=True)
            if is_new:
                await desk.compare(day)
            if not is_new:
                await asyncio.sleep(DAY_SECONDS - (time.time() - DAWN) % DAY_SECONDS)
    print(json.dumps({**desk.ledger.figures(), "done": True}), flush=True)


def main() -> None:
    """Read the options and work."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--service", required=True, help="http://NAME.NAMESPACE.svc")
    parser.add_argument("--name", default="car-loan")
    parser.add_argument("--before", required=True, help="infer address of the version before")
    parser.add_argument("--records", required=True, help="where rows with their outcome are kept")
    parser.add_argument("--credential", type=Path, required=True, help="file with the credential of /feedback")
    asyncio.run(work(parser.parse_args()))


if __name__ == "__main__":
    main()
