"""What the pods of every runtime have in common: the init container that fetches and verifies, volumes, times.

fetch (init, speaks with MLflow, writes the volume) -> server (no credentials, reads the volume)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import timedelta

from leeboard.api.model_version import Profile
from leeboard.api.monitoring import Labels, Monitoring, Slices
from leeboard.api.names import Label, child_name
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.serving import Server
from leeboard.planning.duration import seconds_of
from leeboard.planning.pod_template import TMP_VOLUME, with_credentials
from leeboard.planning.serving.runtime import Ports, Served

SERVER = "server"
FETCH = "fetch"
MODEL_VOLUME = "leeboard-model"
MODEL_PATH = "/mnt/model"
PROFILE_VOLUME = "leeboard-profile"
PROFILE_PATH = "/mnt/model-profile"
PROFILE_FILE = f"{PROFILE_PATH}/profile.json"
KEYS_VOLUME = "leeboard-token-keys"
KEYS_PATH = "/mnt/token-keys"
FEEDBACK_VOLUME = "leeboard-feedback"
FEEDBACK_PATH = "/mnt/feedback"
FEEDBACK_FILE = f"{FEEDBACK_PATH}/credential"
LEAST_DRAIN_SECONDS = 5
"""From the moment at which a pod is told to stop until every kube-proxy has seen that its endpoint is gone."""
EXIT_SECONDS = 5
FETCH_BYTES_PER_SECOND = 50 * 1000 * 1000
MEBIBYTE = 1024 * 1024
RESOURCES: Manifest = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}


def pod_of(served: Served, server: Manifest, *, fetch: Manifest, labels: Mapping[str, str]) -> Manifest:
    """The template before the user's is merged over it: ``fetch`` first, then ``server``, over one volume."""
    spec: Manifest = {
        "enableServiceLinks": False,
        "initContainers": [fetch],
        "containers": [server],
        "terminationGracePeriodSeconds": drain_seconds(served) + EXIT_SECONDS,
        "topologySpreadConstraints": [_spread(labels)],
        "volumes": _volumes(served.artifact.bytes),
    }
    if served.defaults.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in served.defaults.image_pull_secrets]
    return {"spec": spec}


def fetch_container(served: Served, *, image: str, options: Sequence[str] = ()) -> Manifest:
    """The init container: the only one that speaks with MLflow, and it loads nothing."""
    container: Manifest = {
        "name": FETCH,
        "image": image,
        "imagePullPolicy": served.defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": [
            "fetch",
            f"--model-uri={served.artifact.uri}",
            f"--destination={MODEL_PATH}",
            f"--digest={served.artifact.digest}",
            *options,
        ],
        "env": [{"name": "MLFLOW_TRACKING_URI", "value": served.defaults.tracking_uri}],
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}},
        "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": MODEL_PATH}],
    }
    return with_credentials(container, served.defaults.credentials_secret)


def with_profile(fetch: Manifest, profile: Profile | None) -> Manifest:
    """``fetch`` that brings the version's profile as well, where there is one."""
    if profile is None:
        return fetch
    arguments = [f"--profile-uri={profile.uri}", f"--profile-digest={profile.digest}", f"--profile={PROFILE_FILE}"]
    mount = {"name": PROFILE_VOLUME, "mountPath": PROFILE_PATH}
    return {**fetch, "args": [*fetch["args"], *arguments], "volumeMounts": [*fetch["volumeMounts"], mount]}


def has_profile(template: Manifest, profile: Profile) -> bool:
    """Whether pods of a live template bring that very profile to their server."""
    containers = template["spec"].get("initContainers") or ()
    return any(f"--profile-digest={profile.digest}" in (item.get("args") or ()) for item in containers)


def profile_volume(profile: Profile) -> Manifest:
    """Room for the profile, and for the same file while it is downloaded."""
    return {
        "name": PROFILE_VOLUME,
        "emptyDir": {"sizeLimit": f"{2 * math.ceil(profile.bytes / MEBIBYTE) + 4}Mi"},
    }


def takes_labels(served: Served) -> Labels | None:
    """How labels are taken, where there is a profile to judge them by."""
    monitoring = served.service.spec.monitoring
    return None if served.profile is None or monitoring is None else monitoring.labels


def slice_arguments(monitoring: Monitoring | None) -> list[str]:
    """What of the answers is counted apart. A dollar is written as JSON writes it: kubelets expand ``$(NAME)``."""
    named = {} if monitoring is None else {"--segments": monitoring.segments, "--groups": monitoring.groups}
    return [f"{option}={_slices_text(slices)}" for option, slices in named.items() if slices]


def counts_slices(template: Manifest, monitoring: Monitoring | None) -> bool:
    """Whether the server of a live template counts apart what is declared, and nothing else."""
    containers = template["spec"]["containers"]
    server: Manifest = next((item for item in containers if item["name"] == SERVER), {})
    found = [one for one in server.get("args") or () if one.startswith(("--segments=", "--groups="))]
    return found == slice_arguments(monitoring)


def _slices_text(slices: Sequence[Slices]) -> str:
    rows = [{"column": one.column, "values": list(one.values)} for one in slices]
    return json.dumps(rows, separators=(",", ":")).replace("$", "\\u0024")


def label_volumes(service: Metadata, labels: Labels) -> list[Manifest]:
    """The two Secrets, the operator's own where the spec names none; it never reads them."""
    named = {KEYS_VOLUME: labels.token_keys_secret, FEEDBACK_VOLUME: labels.feedback_secret}
    names = {volume: secret or label_secret_name(service, volume) for volume, secret in named.items()}
    return [{"name": volume, "secret": {"secretName": secret}} for volume, secret in names.items()]


def label_secret_name(service: Metadata, volume: str) -> str:
    """The Secret that the operator makes for one of the two volumes."""
    return child_name(f"{service.name}-{volume.removeprefix('leeboard-')}", service.uid, volume)


def label_mounts() -> list[Manifest]:
    """Where the server reads them."""
    paths = {KEYS_VOLUME: KEYS_PATH, FEEDBACK_VOLUME: FEEDBACK_PATH}
    return [{"name": volume, "mountPath": path, "readOnly": True} for volume, path in paths.items()]


def container_ports(ports: Ports) -> list[Manifest]:
    """The ports under the names by which Services and scrapers find them."""
    named = {"http": ports.http, "metrics": ports.metrics}
    return [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in named.items() if port]


def user_container(server: Server) -> Manifest:
    """The container ``server`` of the user's template; empty where there is none."""
    containers = ((server.template or {}).get("spec") or {}).get("containers") or ()
    return next((container for container in containers if container.get("name") == SERVER), {})


def user_image(server: Server) -> str:
    """The image that the user's container ``server`` names; empty where it names none."""
    return str(user_container(server).get("image") or "")


def drain_seconds(served: Served) -> int:
    """From the order to stop until open connections are cut: the longest request, begun as late as one can be."""
    return seconds_of(served.service.spec.server.request_timeout) + LEAST_DRAIN_SECONDS


def start_deadline(served: Served) -> timedelta:
    """The administrator's start deadline plus the time that fetching takes at 50 MB/s."""
    return served.defaults.start_deadline + timedelta(seconds=served.artifact.bytes // FETCH_BYTES_PER_SECOND)


def _spread(labels: Mapping[str, str]) -> Manifest:
    """Pods of one version on different nodes where there is room."""
    chosen = {key: labels[key] for key in (Label.UID, Label.REVISION)}
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": chosen},
    }


def _volumes(size: int) -> list[Manifest]:
    """Room for the model, and for what a download or a model's own cache needs; limits protect the node's disk."""
    mebibytes = math.ceil(size / MEBIBYTE)
    return [
        {"name": MODEL_VOLUME, "emptyDir": {"sizeLimit": f"{2 * mebibytes + 64}Mi"}},
        {"name": TMP_VOLUME, "emptyDir": {"sizeLimit": f"{2 * mebibytes + 1024}Mi"}},
    ]
