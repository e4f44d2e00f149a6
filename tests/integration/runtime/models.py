"""Models as users log them, saved by `python -m tests.integration.runtime.models FOLDER`; each below FOLDER/<name>.

A process of its own: MLflow warns at import, and a model logged by the process that loads it proves less.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

cloudpickle.register_pickle_by_value(sys.modules[__name__])

REQUIREMENTS = ["mlflow==3.17.2", "scikit-learn==1.7.2"]
ROWS = pd.DataFrame({"age": [25.0, 40.0, 61.0, 33.0], "income": [20.0, 75.0, 50.0, 30.0], "visits": [1, 4, 2, 9]})
LABELS = [0, 1, 1, 0]
EXIT = 666.0
SLEEP = 777.0


class Mixed(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Columns of every kind in, a score and a label out; the label tells what the model saw."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ANN401, ARG002
        seen = [" ".join(f"{name}={self._shown(row[name])}" for name in row.index) for _, row in model_input.iterrows()]
        return pd.DataFrame({"score": np.arange(len(seen)) * 0 + model_input["small"].to_numpy() / 2, "seen": seen})

    @staticmethod
    def _shown(value: object) -> str:
        if isinstance(value, pd.Timestamp):
            return str(value.isoformat())
        return "null" if value is None or pd.isna(value) else f"{value}"


class Ranks(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The rank of each row in its batch."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> np.ndarray[Any, Any]:  # noqa: ANN401, ARG002
        return np.asarray(model_input["x"].rank().to_numpy())


class Fragile(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Doubles x; raises below zero, ends its process at EXIT, takes its time at SLEEP."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> np.ndarray[Any, Any]:  # noqa: ANN401, ARG002
        values = model_input["x"].to_numpy()
        if (values == 666.0).any():
            os._exit(3)
        if (values == 777.0).any():
            time.sleep(2)
        if (values < 0).any():
            raise ValueError("x is negative")
        return np.asarray(values * 2)


class Scaled(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """x times a parameter."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> np.ndarray[Any, Any]:  # noqa: ANN401, ARG002
        return np.asarray(model_input["x"].to_numpy() * params["factor"])


class Summed(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The sum of each row's tensor."""

    def predict(self, context: Any, model_input: np.ndarray[Any, Any], params: Any = None) -> np.ndarray[Any, Any]:  # noqa: ANN401, ARG002
        return np.asarray(model_input.sum(axis=(1, 2)))


class Unloadable(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Saved well; raises when it is loaded elsewhere."""

    def __setstate__(self, state: dict[str, object]) -> None:
        raise RuntimeError("the weights are gone")

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> np.ndarray[Any, Any]:  # noqa: ANN401, ARG002
        return np.asarray(model_input["x"])


def one_column(*, outputs: Schema | None = None, params: ParamSchema | None = None) -> ModelSignature:
    """A single double column x."""
    return ModelSignature(Schema([ColSpec(DataType.double, "x")]), outputs, params)


MIXED = ModelSignature(
    Schema(
        [
            ColSpec(DataType.double, "amount", required=False),
            ColSpec(DataType.float, "ratio", required=False),
            ColSpec(DataType.long, "count", required=False),
            ColSpec(DataType.integer, "small"),
            ColSpec(DataType.boolean, "member", required=False),
            ColSpec(DataType.string, "city", required=False),
            ColSpec(DataType.datetime, "since", required=False),
            ColSpec(DataType.binary, "blob", required=False),
        ]
    ),
    Schema([ColSpec(DataType.double, "score"), ColSpec(DataType.string, "seen")]),
)


def save_linear(path: Path) -> None:
    """Probabilities of a logistic regression."""
    model = LogisticRegression().fit(ROWS, LABELS)
    mlflow.sklearn.save_model(
        model,
        path,
        signature=infer_signature(ROWS, model.predict_proba(ROWS)),
        input_example=ROWS,
        pyfunc_predict_fn="predict_proba",
        pip_requirements=REQUIREMENTS,
    )


def save_tree(path: Path) -> None:
    """Labels of a decision tree."""
    model = DecisionTreeClassifier(random_state=0).fit(ROWS, LABELS)
    signature = infer_signature(ROWS, model.predict(ROWS))
    mlflow.sklearn.save_model(
        model, path, signature=signature, input_example=ROWS, pip_requirements=REQUIREMENTS,
        serialization_format="cloudpickle",
    )  # fmt: skip


def save_function(
    model: mlflow.pyfunc.PythonModel, signature: ModelSignature | None, **more: object
) -> Callable[[Path], None]:
    """A Python model."""

    def save(path: Path) -> None:
        mlflow.pyfunc.save_model(path, python_model=model, signature=signature, pip_requirements=REQUIREMENTS, **more)

    return save


TENSOR = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 2, 3))]))
OPEN_TENSOR = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, -1))]))
FACTOR = ParamSchema([ParamSpec("factor", DataType.double, 10.0)])

MODELS: dict[str, Callable[[Path], None]] = {
    "linear": save_linear,
    "tree": save_tree,
    "mixed": save_function(Mixed(), MIXED),
    "ranks": save_function(Ranks(), one_column()),
    "fragile": save_function(Fragile(), one_column(), metadata={"team": "risk"}),
    "scaled": save_function(Scaled(), one_column(params=FACTOR)),
    "summed": save_function(Summed(), TENSOR),
    "open-tensor": save_function(Summed(), OPEN_TENSOR),
    "unsigned": save_function(Ranks(), None),
    "unloadable": save_function(Unloadable(), one_column()),
}


def main(folder: Path) -> None:
    """Save every model."""
    for name, save in MODELS.items():
        save(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
