"""The kserve SDK serving an MLflow model: what its users write, one process, no batching of its own."""

from __future__ import annotations

import sys

import mlflow.pyfunc
import pandas as pd
from kserve import InferRequest, InferResponse, Model, ModelServer
from kserve.utils.utils import get_predict_response


class MLflowModel(Model):  # type: ignore[misc]
    """One MLflow model behind the kserve SDK."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        self.model = mlflow.pyfunc.load_model(path)
        self.ready = True

    def predict(self, payload: InferRequest, headers: dict[str, str] | None = None) -> InferResponse:  # noqa: ARG002 - the SDK's signature
        """One request, one call of the model."""
        frame = pd.DataFrame({tensor.name: tensor.data for tensor in payload.inputs})
        return get_predict_response(payload, self.model.predict(frame), self.name)


if __name__ == "__main__":
    ModelServer(http_port=int(sys.argv[2]), enable_grpc=False, workers=1).start([MLflowModel("bench", sys.argv[1])])
