"""Two versions of one model in MLflow: `python -m tests.integration.runtime.rivals` logs them and says where they are.

`worse` learnt from labels that were shuffled, `better` from the true ones.
"""

from __future__ import annotations

import json
import sys

import mlflow
import mlflow.sklearn
import numpy as np
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from tests.integration.runtime.models import REQUIREMENTS
from tests.integration.runtime.test_profile import people

INPUTS = ["age", "income", "visits"]


def main() -> None:
    """Log both to the tracking server of the environment; JSON on the last line: run and model by name."""
    rows = people(600)
    mlflow.set_experiment("rivals")
    shuffled = np.random.default_rng(1).permutation(rows["repaid"].to_numpy())
    found = {}
    for name, labels in (("worse", shuffled), ("better", rows["repaid"])):
        model = LogisticRegression().fit(rows[INPUTS], labels)
        with mlflow.start_run() as run:
            signature = infer_signature(rows[INPUTS], model.predict_proba(rows[INPUTS]))
            logged = mlflow.sklearn.log_model(
                model, name=name, signature=signature, pyfunc_predict_fn="predict_proba", pip_requirements=REQUIREMENTS
            )
            found[name] = {"runID": run.info.run_id, "modelURI": f"models:/{logged.model_id}"}
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
