"""A model that does what a request asks of it: answer at once, wait, or fail."""

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
        time.sleep(min(max(model_input["wait"].max(), 0.0), 10.0))
        if ((model_input["draw"] >= ANSWERED) & (model_input["draw"] < 1.0)).any():
            raise ValueError("this draw was not in the training data")
        return model_input["draw"].to_numpy()

rows = DataFrame({"wait": [0.0, 0.0, 0.0], "draw": [0.1, 0.2, 0.3]})
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


def requests(*, wait: float = 0.0) -> list[bytes]:
    """One round of requests whose draws go evenly over 0 to 1; each makes the model wait so many seconds."""
    return [_body(wait, draw) for draw in itertools.islice(_draws(), ROUND)]


def _draws() -> Iterator[float]:
    """Every number once in a round, neighbours far apart."""
    return (number * 77 % ROUND / ROUND for number in itertools.count())


def _body(wait: float, draw: float) -> bytes:
    columns = {"wait": wait, "draw": draw}
    inputs = [{"name": name, "datatype": "FP64", "shape": [1], "data": [value]} for name, value in columns.items()]
    return json.dumps({"inputs": inputs}).encode()
