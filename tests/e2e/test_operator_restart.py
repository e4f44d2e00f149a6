"""The operator may die at any moment: the training goes on, and there is one of everything."""

from tests.e2e.scene import Scene
from tests.support.resources import phase


def test_a_training_ends_right_when_the_operator_is_killed_in_the_middle(scene: Scene) -> None:
    scene.train("interrupted")
    scene.stage.wait("TrainingJob/interrupted", lambda job: phase(job) == "Running", what="it runs", seconds=60)

    selector = ["-l", "app.kubernetes.io/component=operator"]
    scene.kubectl.run("delete", "pods", "-n", "leeboard-system", *selector, "--force", "--grace-period=0")

    version = scene.trained("interrupted")
    job = scene.find("trainingjobs.leeboard.dev", "interrupted")
    assert job is not None
    assert job["status"]["attempt"] == 1
    assert len(scene.children("jobs", job)) == 1
    assert [item["metadata"]["name"] for item in scene.kubectl.list("modelversions", namespace=scene.namespace)] == [
        version["metadata"]["name"]
    ]
