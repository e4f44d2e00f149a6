"""Train the car-loan model on the customers of one campaign only. Plain MLflow and scikit-learn, with a common mistake.

The campaign was for people who earn something: nobody in its rows has a salary of "0 - 20K €". The encoder learns its
categories from these rows and, as scikit-learn does by default, raises on any other one. Nothing shows it here: every
held-out row of the campaign is answered, and answered well.
"""

from importlib.metadata import version

import mlflow
import train
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

NOT_ASKED = "0 - 20K €"


def main() -> None:
    """Fit on the campaign's older rows, measure on its newer ones, log the model."""
    features, labels = train.read(train.setting("DATASET_URI", train.PACKAGED_DATA))
    asked = features["salary_range"] != NOT_ASKED
    features, labels = features[asked], labels[asked]
    split = int(len(features) * (1 - train.HELD_OUT))
    encode = make_column_transformer((OrdinalEncoder(), list(train.CATEGORIES)), remainder="passthrough")
    trees = HistGradientBoostingClassifier(max_depth=6, random_state=int(train.setting("random_state", "0")))
    with mlflow.start_run():
        model = make_pipeline(encode, trees).fit(features[:split], labels[:split])
        probabilities = model.predict_proba(features[split:])
        accuracy = accuracy_score(labels[split:], probabilities[:, 1] >= train.THRESHOLD)
        mlflow.log_metric("accuracy", accuracy)
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(features[split:], probabilities),
            input_example=features[split : split + 5],
            pyfunc_predict_fn="predict_proba",
            skops_trusted_types=train.TRUSTED_TYPES,
            pip_requirements=[f"{package}=={version(package)}" for package in train.LIBRARIES],
        )
    print(f"{len(features)} rows of the campaign, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
