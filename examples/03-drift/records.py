"""Loans and what became of them, as a table that grows: a stand-in for the warehouse that a model is trained from.

GET /history.csv    every loan whose outcome is known, oldest first; its ETag changes when there are more
GET /newest.csv     the newest of them
POST /rows          more of them: lines of the same columns
"""

import csv
from pathlib import Path

from aiohttp import web

PORT = 8080
OLD_ROWS = Path("/data/synthetic_car_loan_reference.csv")
NEWEST = 10_000
COLUMNS = (
    *("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure"),
    *("salary_range", "repaid_loan_on_prev_car", "size_of_downpayment", "timestamp", "repaid"),
)


class Records:
    """The lines of the table, without a line end, in the order of their coming."""

    def __init__(self, old: Path) -> None:
        with old.open(encoding="utf-8") as file:
            rows = [{**row, "repaid": f"{float(row['repaid']):.0f}"} for row in csv.DictReader(file)]
        self._lines = [",".join(row[name] for name in COLUMNS) for row in rows]

    async def all(self, _request: web.Request) -> web.Response:
        """Every line."""
        return self._table(self._lines)

    async def newest(self, _request: web.Request) -> web.Response:
        """The last lines."""
        return self._table(self._lines[-NEWEST:])

    async def add(self, request: web.Request) -> web.Response:
        """Lines that became known."""
        lines = (await request.text()).splitlines()
        if any(line.count(",") != len(COLUMNS) - 1 for line in lines):
            raise web.HTTPBadRequest(text=f"lines have the columns {','.join(COLUMNS)}\n")
        self._lines += lines
        return web.Response(text=f"{len(self._lines)}\n")

    def _table(self, lines: list[str]) -> web.Response:
        text = "\n".join([",".join(COLUMNS), *lines, ""])
        headers = {"ETag": f'"{len(self._lines)}"'}
        return web.Response(text=text, content_type="text/csv", headers=headers)


def main() -> None:
    """Serve until told to stop."""
    records = Records(OLD_ROWS)
    app = web.Application(client_max_size=4 << 20)
    app.router.add_get("/history.csv", records.all)
    app.router.add_get("/newest.csv", records.newest)
    app.router.add_post("/rows", records.add)
    web.run_app(app, port=PORT, print=None)


if __name__ == "__main__":
    main()
