"""Waiting for what a training makes."""

from pathlib import Path

import yaml

from tests.stories.stage import Stage
from tests.support.kubectl import Manifest
from tests.support.resources import is_true

TRAINING_SECONDS = 300
APPROVAL_SECONDS = 180


def seeded(file: Path, seed: str) -> Manifest:
    """The example's manifest with a seed of its own: the same intent a second time would be AlreadyTrained."""
    manifest: Manifest = yaml.safe_load(file.read_text(encoding="utf-8"))
    manifest["spec"]["parameters"]["random_state"] = seed
    return manifest


def image_of(training_job: Manifest) -> str:
    """The image that a TrainingJob trains with."""
    return str(training_job["spec"]["template"]["spec"]["containers"][0]["image"])


def trained(stage: Stage, name: str) -> Manifest:
    """The TrainingJob, once it has succeeded."""
    found = stage.wait(
        f"TrainingJob/{name}",
        lambda job: is_true(job, "Ready") and "modelVersion" in job["status"],
        what=f"TrainingJob {name} learns",
        seconds=TRAINING_SECONDS,
    )
    stage.screen.say(f"{name}: trained, MLflow run {found['status']['run']['id']}, accuracy {accuracy_of(found):.4f}")
    return found


def approved(stage: Stage, training_job: Manifest, *, seconds: float = APPROVAL_SECONDS) -> Manifest:
    """The ModelVersion of a TrainingJob, once it is fingerprinted and approved, with its profile or without."""
    name = training_job["status"]["modelVersion"]["name"]
    version = stage.wait(
        f"ModelVersion/{name}",
        lambda found: is_true(found, "Ready"),
        what=f"ModelVersion {name} has its fingerprint taken and its profile built",
        seconds=seconds,
    )
    stage.screen.say(f"{name}: approved, {version['status']['artifact']['digest']}")
    return version


def accuracy_of(training_job: Manifest) -> float:
    """What the training measured."""
    metrics = training_job["status"]["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "accuracy")
