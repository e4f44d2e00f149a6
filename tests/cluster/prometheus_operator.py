"""The Prometheus operator's own definitions of what the chart has for it; no operator.

from tests.cluster import prometheus_operator

for file in prometheus_operator.definitions():      # ServiceMonitors and so on can be written once they are applied
    kubectl apply --server-side -f {file}
"""

from pathlib import Path
from typing import Final

from tests.cluster import modules

MODULE: Final = "github.com/prometheus-operator/prometheus-operator"
VERSION: Final = "0.85.0"
GROUP: Final = "monitoring.coreos.com"
PLURALS: Final = ("podmonitors", "prometheusrules", "servicemonitors")


def definitions() -> list[Path]:
    """Return the files of the definitions; downloaded once, then read from Go's cache."""
    folder = modules.folder(MODULE, VERSION) / "example" / "prometheus-operator-crd"
    return [folder / f"{GROUP}_{plural}.yaml" for plural in PLURALS]
