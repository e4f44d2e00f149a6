"""Train the car-loan model on all rows that are known, the newer the weightier. Plain MLflow and scikit-learn.

Where the world changes, old rows teach what is no longer true, and new rows are few. So a row counts half as much as
one that is half_life_rows newer. The newest held_out_rows are not learnt from: they measure the model.
"""

from importlib.metadata import version

import mlflow
import numpy as np
import pandas as pd
import train
from mlflow.models import infer_signature
from sklearn.metrics import accuracy_score


def weights(rows: int, half_life: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """What each row counts, oldest first."""
    return 0.5 ** (np.arange(rows)[::-1] / half_life)


def main() -> None:
    """Fit on all but the newest rows, measure on those, log the model."""
    rows = pd.read_csv(train.setting("DATASET_URI", train.PACKAGED_DATA), dtype=dict.fromkeys(train.CATEGORIES, str))
    rows = rows.sort_values(train.TIME)  # read once: while a training runs, more becomes known
    features = rows[[*train.NUMBERS, *train.CATEGORIES]].astype(dict.fromkeys(train.NUMBERS, "float64"))
    labels = rows[train.LABEL].astype(int)
    split = len(rows) - int(train.setting("held_out_rows", "2000"))
    print(f"{split} rows to learn from, {len(rows) - split} newer ones held out, until {rows[train.TIME].iloc[-1]}")
    with mlflow.start_run():
        model = train.build(
            max_depth=int(train.setting("max_depth", "4")),
            learning_rate=float(train.setting("learning_rate", "0.15")),
            max_iter=int(train.setting("max_iter", "100")),
            random_state=int(train.setting("random_state", "0")),
        )
        counting = weights(split, float(train.setting("half_life_rows", "2000")))
        model.fit(features[:split], labels[:split], histgradientboostingclassifier__sample_weight=counting)
        probabilities = model.predict_proba(features[split:])
        accuracy = accuracy_score(labels[split:], probabilities[:, 1] >= train.THRESHOLD)
        mlflow.log_metric("accuracy", accuracy)
        train.log_reference(features[split:], labels[split:], rows[train.TIME])
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(features[split:], probabilities),
            input_example=features[split : split + 5],
            pyfunc_predict_fn="predict_proba",
            skops_trusted_types=train.TRUSTED_TYPES,
            pip_requirements=[f"{package}=={version(package)}" for package in train.LIBRARIES],
        )
    print(f"accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
