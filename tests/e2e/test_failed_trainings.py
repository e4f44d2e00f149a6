"""Each way to fail ends with its own reason on the resource, and leaves nothing running."""

from tests.e2e.scene import Scene
from tests.support.kubectl import Manifest
from tests.support.resources import condition

RAISES = """
import mlflow
with mlflow.start_run():
    mlflow.log_metric("rows", 3)
    print("reading the table")
    raise ValueError("there is no column named car_value")
"""
DIES = """
import mlflow, os
mlflow.start_run()
os._exit(3)
"""
LOGS_NO_MODEL = """
import mlflow
with mlflow.start_run():
    mlflow.log_metric("accuracy", 0.9)
"""
NO_SUCH_IMAGE = "leeboard.invalid/no-such-trainer:dev"
START_DEADLINE_SECONDS = 60


def test_a_script_that_raises_is_a_code_error_with_its_last_lines(scene: Scene) -> None:
    scene.train("raises", RAISES)

    job = scene.failed("raises", seconds=90)

    failure = job["status"]["failure"]
    assert (failure["class"], failure["reason"]) == ("CodeError", "CodeError")
    assert failure["lastLogLines"][-1] == "ValueError: there is no column named car_value"
    assert "reading the table" in failure["lastLogLines"]
    assert _judged(job) == {"Ready": "False", "Reconciling": "False", "Stalled": "True", "Succeeded": "False"}


def test_a_script_that_dies_leaves_no_run_open(scene: Scene) -> None:
    scene.train("dies", DIES)

    job = scene.failed("dies", seconds=90)

    assert "exited with code 3" in job["status"]["failure"]["message"]
    scene.eventually(lambda: _run_status(scene, job), "FAILED", seconds=30)


def test_an_image_that_does_not_exist_never_starts_and_frees_its_pod(scene: Scene) -> None:
    scene.train("no-image", image=NO_SUCH_IMAGE)

    job = scene.failed("no-image", seconds=START_DEADLINE_SECONDS + 45)

    failure = job["status"]["failure"]
    assert failure["class"] == "NeverStarted"
    assert NO_SUCH_IMAGE in failure["message"]
    scene.eventually(lambda: scene.children("pods", job), [], seconds=60)


def test_the_reason_of_a_pod_that_does_not_start_is_shown_before_the_deadline(scene: Scene) -> None:
    scene.train("no-image", image=NO_SUCH_IMAGE)

    job = scene.stage.wait(
        "TrainingJob/no-image",
        lambda found: "Image" in condition(found, "Ready").get("reason", ""),
        what="the reason is on the resource",
        seconds=START_DEADLINE_SECONDS - 15,
    )

    assert job["status"].get("outcome") is None


def test_a_script_that_logs_no_model_has_an_invalid_result(scene: Scene) -> None:
    scene.train("no-model", LOGS_NO_MODEL)

    job = scene.failed("no-model", seconds=90)

    assert (job["status"]["failure"]["class"], job["status"]["failure"]["reason"]) == ("ResultInvalid", "ResultInvalid")
    assert "log_model" in job["status"]["failure"]["message"]
    assert scene.kubectl.list("modelversions", namespace=scene.namespace) == []


def _judged(resource: Manifest) -> dict[str, str]:
    conditions = resource["status"]["conditions"]
    return {item["type"]: item["status"] for item in conditions if item["type"] != "TrackingReady"}


def _run_status(scene: Scene, job: Manifest) -> str:
    """The run's status as MLflow itself says it."""
    script = (
        "import mlflow, sys; mlflow.set_tracking_uri('http://localhost:5000');"
        "print(mlflow.get_run(sys.argv[1]).info.status)"
    )
    words = ["exec", "-n", "leeboard-system", "deployment/leeboard-mlflow", "--", "python3", "-c", script]
    return scene.kubectl.run(*words, job["status"]["run"]["id"]).strip()
