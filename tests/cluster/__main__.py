"""The command line: ``python -m tests.cluster up | down | status | images | env | prebuild``."""

import shlex
import sys
from typing import Annotated

import typer

from tests.cluster import binaries, gateway_api
from tests.cluster.api import Cluster, Way
from tests.cluster.errors import ClusterError
from tests.cluster.progress import say

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def up() -> None:
    """Bring the cluster up and print the path of its kubeconfig."""
    cluster = Cluster.here()
    say(f"cluster: {cluster.way}")
    print(cluster.up().kubeconfig)


@app.command()
def down() -> None:
    """Remove the cluster and all that it set on this machine."""
    Cluster.here().down()


@app.command()
def status() -> None:
    """Show the state of the cluster's parts."""
    for name, state in Cluster.here().status().items():
        print(f"{name:26} {state}")


@app.command()
def images(
    target: Annotated[
        list[str] | None, typer.Option(help="A target of the Dockerfile; all of them if left out.")
    ] = None,
) -> None:
    """Build the images, unless nothing they are built from has changed, and load them into the cluster."""
    for name in Cluster.here().images(target or ()):
        print(name)


@app.command()
def env() -> None:
    """Print shell commands that set KUBECONFIG and PATH: eval "$(python -m tests.cluster env)"."""
    cluster = Cluster.here()
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    if cluster.way is Way.SOURCE:
        print(f"export PATH={shlex.quote(str(cluster.bin))}:$PATH")


@app.command()
def prebuild() -> None:
    """Build the binaries of the way from source, fetch the Gateway API's definitions; print the binaries' folder."""
    gateway_api.definitions()
    print(binaries.ensure())


def main() -> None:
    """Run the command line; an error that a person can act on is shown without a traceback."""
    try:
        app()
    except ClusterError as error:
        say(f"error: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
