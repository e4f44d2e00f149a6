"""One row a resource, and documents for programs."""

from __future__ import annotations

import pytest

from leeboard.api.names import Kind
from leeboard.cli.exits import Failure
from leeboard.cli.rows import TABLES, service_of
from tests.unit.cli.services import NOW, in_the_middle, service, settled


def _cells(kind: Kind, manifest: dict[str, object]) -> dict[str, str]:
    headings, row_of = TABLES[kind]
    return dict(zip(headings, row_of(manifest, NOW), strict=True))


def test_a_service_in_a_rollout() -> None:
    assert _cells(Kind.INFERENCE_SERVICE, service(in_the_middle()).to_json()) == {
        "NAMESPACE": "team",
        "NAME": "loans",
        "READY": "True",
        "MODEL": "loans",
        "VERSION": "7",
        "NEXT": "8 (20 %)",
        "STEP": "Observing 2/3",
        "REASON": "Serving",
        "AGE": "2h10m",
    }


def test_a_settled_service() -> None:
    cells = _cells(Kind.INFERENCE_SERVICE, service(settled()).to_json())
    assert (cells["NEXT"], cells["STEP"]) == ("-", "-")


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            Kind.TRAINING_JOB,
            {"model": "loans", "template": {}},
            {"PHASE": "Unknown", "MODEL": "loans", "VERSION": "-", "REASON": "Unknown"},
        ),
        (
            Kind.MODEL_VERSION,
            {"model": "loans", "version": "7", "source": {"runID": "r", "modelURI": "models:/m-1"}},
            {"PHASE": "Unknown", "ROW-WISE": "Unknown", "REASON": "Unknown"},
        ),
    ],
    ids=["training", "version"],
)
def test_what_nobody_has_seen_is_unknown(kind: Kind, spec: dict[str, object], expected: dict[str, str]) -> None:
    metadata = {"name": "x", "namespace": "team", "uid": "u", "creationTimestamp": "2026-03-01T12:09:15Z"}
    cells = _cells(kind, {"metadata": metadata, "spec": spec})
    assert cells == {"NAMESPACE": "team", "NAME": "x", "AGE": "45s"} | expected


def test_a_status_of_a_later_version_is_said_to_be_unreadable() -> None:
    manifest = service(in_the_middle()).to_json()
    manifest["status"]["step"]["phase"] = "Dreaming"
    with pytest.raises(Failure, match=r"cannot read status.step.phase: .* as new as the operator\?"):
        service_of(manifest)
