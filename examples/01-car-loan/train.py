"""Train a model that says how probable it is that a car loan is paid back.

Plain MLflow and scikit-learn: nothing here knows of Kubernetes or Leeboard. Parameters come from the environment
(max_depth, learning_rate, max_iter, random_state), the data from DATASET_URI or from the image.
"""

import os
from importlib.metadata import version

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

PACKAGED_DATA = "/data/synthetic_car_loan_reference.csv"
NUMBERS = ["car_value", "debt_to_income_ratio", "loan_length", "driver_tenure"]
CATEGORIES = {
    "salary_range": ["0 - 20K €", "20K - 40K €", "40K - 60K €", "60K+ €"],
    "repaid_loan_on_prev_car": ["False", "True"],
    "size_of_downpayment": [f"{percent}%" for percent in range(0, 101, 10)],
}
LABEL = "repaid"
TIME = "timestamp"
HELD_OUT = 0.2
THRESHOLD = 0.5
LIBRARIES = ["mlflow", "scikit-learn", "skops", "numpy", "pandas"]
TRUSTED_TYPES = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
"""MLflow stores the model with skops, which loads no type that its author has not named: these trees are our own."""


def setting(name: str, default: str) -> str:
    """A parameter, from the environment."""
    return os.environ.get(name, default)


def read(uri: str) -> tuple[pd.DataFrame, "pd.Series[int]"]:
    """Features and labels in the order of time."""
    rows = pd.read_csv(uri, dtype=dict.fromkeys(CATEGORIES, str)).sort_values(TIME)
    return rows[[*NUMBERS, *CATEGORIES]].astype(dict.fromkeys(NUMBERS, "float64")), rows[LABEL].astype(int)


def log_reference(features: pd.DataFrame, labels: "pd.Series[int]", times: "pd.Series[str]") -> None:
    """Rows that the model has not learnt from, in the order of time: what later requests are compared with."""
    rows = features.assign(**{TIME: times, LABEL: labels})  # by the index: each row keeps its own time
    mlflow.log_text(rows.to_csv(index=False), "reference.csv")


def build(*, max_depth: int, learning_rate: float, max_iter: int, random_state: int) -> Pipeline:
    """Categories as ordered numbers, then gradient-boosted trees; an unknown category counts as missing."""
    encode = OrdinalEncoder(
        categories=list(CATEGORIES.values()), handle_unknown="use_encoded_value", unknown_value=float("nan")
    )
    columns = make_column_transformer((encode, list(CATEGORIES)), remainder="passthrough")
    trees = HistGradientBoostingClassifier(
        max_depth=max_depth,
        learning_rate=learning_rate,
        max_iter=max_iter,
        early_stopping=False,
        random_state=random_state,
    )
    return make_pipeline(columns, trees)


def main() -> None:
    """Fit on the older rows, measure on the newer ones, log the model."""
    uri = setting("DATASET_URI", PACKAGED_DATA)
    features, labels = read(uri)
    parameters = {
        "max_depth": int(setting("max_depth", "3")),
        "learning_rate": float(setting("learning_rate", "0.1")),
        "max_iter": int(setting("max_iter", "60")),
        "random_state": int(setting("random_state", "0")),
    }
    split = int(len(features) * (1 - HELD_OUT))
    print(f"{split} rows to learn from, {len(features) - split} newer ones held out, {parameters}")
    with mlflow.start_run():
        mlflow.log_params(parameters)
        model = build(**parameters).fit(features[:split], labels[:split])
        probabilities = model.predict_proba(features[split:])
        metrics = {
            "accuracy": accuracy_score(labels[split:], probabilities[:, 1] >= THRESHOLD),
            "roc_auc": roc_auc_score(labels[split:], probabilities[:, 1]),
            "log_loss": log_loss(labels[split:], probabilities),
        }
        mlflow.log_metrics(metrics)
        log_reference(features[split:], labels[split:], pd.read_csv(uri, usecols=[TIME])[TIME])
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(features[split:], probabilities),
            input_example=features[split : split + 5],
            pyfunc_predict_fn="predict_proba",
            skops_trusted_types=TRUSTED_TYPES,
            pip_requirements=[f"{package}=={version(package)}" for package in LIBRARIES],
        )
    print(", ".join(f"{name} {value:.4f}" for name, value in metrics.items()))


if __name__ == "__main__":
    main()
