"""Rows that came after the training data, out of the training image, as requests of one row each."""

import csv

from tests.stories.client import body
from tests.stories.stage import Stage
from tests.support.resources import restricted_pod

FILE = "/data/synthetic_car_loan_analysis.csv"
POD = "rows"
SECONDS = 60


def payloads(stage: Stage, *, image: str, rows: int) -> list[bytes]:
    """The first ``rows`` rows as bodies of the V2 protocol."""
    container = {"image": image, "command": ["head", f"--lines={rows + 1}", FILE]}
    stage.kubectl.delete("pod", POD, namespace=stage.namespace)
    stage.kubectl.apply(restricted_pod(POD, namespace=stage.namespace, container=container))
    stage.wait(
        f"Pod/{POD}",
        lambda pod: pod["status"].get("phase") == "Succeeded",
        what="rows are read out of the training image",
        seconds=SECONDS,
    )
    text = stage.kubectl.logs(POD, namespace=stage.namespace)
    return [body([row]) for row in csv.DictReader(text.splitlines())]
