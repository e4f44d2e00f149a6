"""A model that does what a request asks of it: answer at once, at a given moment, or fail.

A moment and no duration: requests that stand in line for the model wait for the same moment together.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Final

TRAINING: Final = """
import time
from importlib.metadata import version

import mlflow
from mlflow.models import infer_signature
from pandas import DataFrame

class Obedient(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        time.sleep(min(max(model_input["until"].max() - time.time(), 0.0), 75.0))
        if ((model_input["draw"] >= ANSWERED) & (model_input["draw"] < 1.0)).any():
            raise ValueError("this draw was not in the training data")
        return model_input["draw"].to_numpy()

rows = DataFrame({"until": [0.0, 0.0, 0.0], "draw": [0.1, 0.2, 0.3]})
with mlflow.start_run():
    mlflow.log_metric("accuracy", ANSWERED)
    mlflow.pyfunc.log_model(
        name="model",
        python_model=Obedient(),
        signature=infer_signature(rows, rows["draw"].to_numpy()),
        input_example=rows,
        pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", "cloudpickle", "pandas", "numpy")],
    )
"""
ROUND: Final = 200


def training(*, answered: float = 1.0) -> str:
    """A script that logs a model which answers that share of the draws and fails for the others."""
    return f"ANSWERED = {answered}\n{TRAINING}"


def requests(*, until: float = 0.0) -> list[bytes]:
    """One round of requests whose draws go evenly over 0 to 1; none is answered before ``until``, in Unix time."""
    return [_body(until, draw) for draw in itertools.islice(_draws(), ROUND)]


def _draws() -> Iterator[float]:
    """Every number once in a round, neighbours far apart."""
    return (number * 77 % ROUND / ROUND for number in itertools.count())


def _body(until: float, draw: float) -> bytes:
    columns = {"until": until, "draw": draw}
    inputs = [{"name": name, "datatype": "FP64", "shape": [1], "data": [value]} for name, value in columns.items()]
    return json.dumps({"inputs": inputs}).encode()
