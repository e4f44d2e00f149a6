"""The volume provisioner: gives each claim of our classes a directory of the node, and takes it back when released.

Runs as a process of the host (``python -m tests.cluster.storage <server> <pki> <folder>``): no helper pod, no image.
Each pass lists claims and volumes, plans, and acts; between passes it waits up to five seconds for a claim to change.
"""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests.cluster import versions
from tests.cluster.certificates import KeyPair
from tests.cluster.errors import ClusterError
from tests.cluster.objects import PROVISIONER
from tests.cluster.rest import ApiError, Manifest, RestClient

CLAIMS: Final = "/api/v1/persistentvolumeclaims"
VOLUMES: Final = "/api/v1/persistentvolumes"
CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
PROVISIONED_BY: Final = "pv.kubernetes.io/provisioned-by"
WATCH_SECONDS: Final = 5

Object = Mapping[str, Any]
"""A Kubernetes object as the API server returns it."""


@dataclass(frozen=True, slots=True)
class Provision:
    """Make a directory and a volume for a claim."""

    name: str
    volume: Manifest


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a released volume and its directory."""

    name: str


def plan(
    claims: Sequence[Object], volumes: Sequence[Object], classes: Sequence[Object], *, folder: Path
) -> Iterator[Provision | Remove]:
    """Plan what to do so that every waiting claim has a volume and no released volume is left."""
    ours = {one["metadata"]["name"]: one for one in classes if one["provisioner"] == PROVISIONER}
    existing = {volume["metadata"]["name"] for volume in volumes}
    for claim in claims:
        storage_class = ours.get(claim["spec"].get("storageClassName"))
        name = f"pvc-{claim['metadata']['uid']}"
        if storage_class is not None and name not in existing and _wants_volume(claim, storage_class):
            yield Provision(name, _volume(name, claim, storage_class=storage_class, directory=folder / name))
    for volume in volumes:
        annotations = volume["metadata"].get("annotations", {})
        released = volume.get("status", {}).get("phase") == "Released"
        policy = volume["spec"].get("persistentVolumeReclaimPolicy")
        if released and policy == "Delete" and annotations.get(PROVISIONED_BY) == PROVISIONER:
            yield Remove(volume["metadata"]["name"])


def _wants_volume(claim: Object, storage_class: Object) -> bool:
    """Tell whether it is time for a volume: bound claims have one, late binding waits for the scheduler's choice."""
    metadata = claim["metadata"]
    if claim["spec"].get("volumeName") or metadata.get("deletionTimestamp") or claim["spec"].get("selector"):
        return False
    late = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not late or metadata.get("annotations", {}).get(SELECTED_NODE) == versions.NODE_NAME


def _volume(name: str, claim: Object, *, storage_class: Object, directory: Path) -> Manifest:
    metadata, spec = claim["metadata"], claim["spec"]
    node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [versions.NODE_NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "volumeMode": "Filesystem",
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "local": {"path": str(directory)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
        },
    }


def reconcile(client: RestClient, folder: Path) -> str:
    """List, plan and act once; return the version of the claims that were seen."""
    listed = client.get(CLAIMS)
    claims, volumes, classes = _items(listed), _items(client.get(VOLUMES)), _items(client.get(CLASSES))
    for action in plan(claims, volumes, classes, folder=folder):
        match action:
            case Provision(name, volume):
                _provision(client, folder / name, volume)
            case Remove(name):
                shutil.rmtree(folder / name, ignore_errors=True)
                client.delete(f"{VOLUMES}/{name}")
        print(type(action).__name__, action.name)
    metadata = listed["metadata"]
    return str(metadata.get("resourceVersion", "")) if isinstance(metadata, dict) else ""


def _provision(client: RestClient, directory: Path, volume: Manifest) -> None:
    """Make the directory writable for any user id: restricted pods run as one of their own."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o777)
    try:
        client.create(VOLUMES, volume)
    except ApiError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


def _items(listed: Manifest) -> list[Object]:
    items = listed["items"]
    return items if isinstance(items, list) else []


def _wait_for_change(client: RestClient, seen: str) -> None:
    """Return at the next event of a claim after the version ``seen``, or after five seconds."""
    for _ in client.watch(f"{CLAIMS}?resourceVersion={seen}", seconds=WATCH_SECONDS):
        return


def main() -> None:
    """Reconcile for ever; an API server that is away is waited for."""
    server, pki, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    pair = KeyPair(pki / "volume-provisioner.crt", pki / "volume-provisioner.key")
    client = RestClient(server, pki / "ca.crt", pair)
    while True:
        try:
            _wait_for_change(client, reconcile(client, folder))
        except (ClusterError, OSError, ValueError) as error:
            print("waiting for the API server:", error)
            time.sleep(1)


if __name__ == "__main__":
    main()
