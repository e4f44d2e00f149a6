"""The command line of the local cluster: ``python -m tests.cluster up``; ``--help`` lists the rest."""

import shlex
from typing import Annotated

import typer

from tests.cluster import binaries, builds, gateway_api, prometheus_operator
from tests.cluster.api import Cluster, Way
from tests.cluster.progress import run, say

ADDITIONS = {build.name.lower(): build for build in builds.ADDITIONS}

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def up() -> None:
    """Bring the cluster up and print the path of its kubeconfig."""
    cluster = Cluster.here()
    say(f"cluster: {cluster.way}")
    print(cluster.up().kubeconfig)


@app.command()
def gateway() -> None:
    """Install the gateway on the cluster, and print its namespace, name and address."""
    found = Cluster.here().gateway()
    print(f"{found.namespace}/{found.name}@{found.address}")


@app.command()
def metrics() -> None:
    """Install metrics-server on the cluster."""
    Cluster.here().metrics()


@app.command()
def prometheus() -> None:
    """Install a Prometheus server on the cluster, and print its URL as pods reach it."""
    print(Cluster.here().prometheus())


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
        list[str] | None, typer.Option(help="A target of the Dockerfile; all but seldon if left out.")
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
def prebuild(
    additions: Annotated[
        list[str] | None, typer.Argument(help=f"Also some of {', '.join(ADDITIONS)}.", show_default=False)
    ] = None,
) -> None:
    """Build the binaries of the way from source, fetch definitions of others; print the binaries' folder."""
    unknown = set(additions or ()) - set(ADDITIONS)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: it can be {', '.join(ADDITIONS)}")
    gateway_api.definitions()
    prometheus_operator.definitions()
    print(binaries.ensure())
    for name in additions or ():
        print(binaries.ensure_addition(ADDITIONS[name]))


if __name__ == "__main__":
    run(app)
