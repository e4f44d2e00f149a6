"""The command line: ``python -m tests.stories 01-car-loan``; cluster, images and chart first."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from tests.cluster.api import Cluster, Gateway
from tests.cluster.errors import ClusterError
from tests.cluster.progress import run, say, step
from tests.stories import canary, car_loan, drift
from tests.stories.record import Figure, Record
from tests.stories.screen import Screen
from tests.stories.stage import Phase, Stage, StoryError
from tests.support.diagnosis import OPERATOR_NAMESPACE, diagnose
from tests.support.installation import install_chart
from tests.support.kubectl import Kubectl, KubectlError

STORIES: dict[str, tuple[str, Callable[[Stage], dict[str, Figure]]]] = {
    "01-car-loan": (car_loan.NAMESPACE, car_loan.play),
    "02-canary": (canary.NAMESPACE, canary.play),
    "03-drift": (drift.NAMESPACE, drift.play),
}

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def tell(name: Annotated[str, typer.Argument(help=f"One of {', '.join(STORIES)}.")]) -> None:
    """Play one story and write build/stories/NAME.json."""
    if name not in STORIES:
        raise typer.BadParameter(f"{name} is none of {', '.join(STORIES)}")
    namespace, play = STORIES[name]
    date, phases = datetime.now(UTC), list[Phase]()
    cluster, gateway = _prepare(phases)
    stage = Stage(Kubectl.of(cluster), namespace, Screen(name), gateway, phases)
    figures: dict[str, Figure] = {}
    failure = ""
    with stage.screen:
        try:
            figures = play(stage)
        except (StoryError, KubectlError) as error:
            failure = str(error)
    path = Record(name, date, not failure, figures or {"failure": failure}, phases).write()
    if failure:
        say(f"the story failed: {failure}")
        say(diagnose(stage.kubectl, namespace))
        sys.exit(1)
    say(f"wrote {path} ({sum(phase.seconds for phase in phases):.0f} s)")


def _prepare(phases: list[Phase]) -> tuple[Cluster, Gateway]:
    """Cluster, images, gateway and chart, each timed."""
    cluster = Cluster.here()
    gateways: list[Gateway] = []
    for name, action in (
        ("cluster", cluster.up),
        ("images", cluster.images),
        ("gateway", lambda: gateways.append(cluster.gateway())),
        ("chart", lambda: install_chart(cluster, gateways[0])),
    ):
        started = time.monotonic()
        with step(name), _explained(cluster):
            action()
        phases.append(Phase(name, round(time.monotonic() - started, 2)))
    return cluster, gateways[0]


@contextlib.contextmanager
def _explained(cluster: Cluster) -> Iterator[None]:
    """Show the operator's own pods when its installation fails."""
    try:
        yield
    except ClusterError:
        if cluster.kubeconfig.exists():
            say(diagnose(Kubectl.of(cluster), OPERATOR_NAMESPACE))
        raise


if __name__ == "__main__":
    run(app)
