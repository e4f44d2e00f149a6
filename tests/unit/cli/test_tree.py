"""The tree of a service, compared whole."""

from __future__ import annotations

import io

from rich.console import Console

from leeboard.api.inference_service import InferenceService, InferenceServiceStatus
from leeboard.api.rollout_status import StepKind, StepPhase, StepStatus, TrafficStatus
from leeboard.cli.tree import tree_of
from tests.unit.cli.services import NOW, in_the_middle, revision, service, settled


def _text(shown: InferenceService) -> str:
    out = io.StringIO()
    Console(file=out, width=200, highlight=False, markup=False).print(tree_of(shown, NOW))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_a_rollout_in_the_middle_shows_every_number() -> None:
    assert _text(service(in_the_middle())).splitlines() == [
        "team/loans  Ready=True Serving: version 7 serves",
        "├── Progressing  True Observing: step 2 of 3",
        "├── UpToDate     False RollingOut: version 8 is on its way",
        "├── stable       version 7  loans-0000000007  2/2 pods ready  80 % of the requests",
        "├── canary       version 8  loans-0000000008  1/1 pods ready  20 % of the requests",
        "├── previous     version 6  loans-0000000006  1/1 pods ready, its pods go in 50m",
        "├── traffic      asked 20 %, applied 20 %, confirmed, measured 19.4 % of 541 requests 3s ago; GatewayAPI at http://gw",
        "├── step         2 of 3, Weight: Observing for 4m58s, began 5m ago, confirmed 4m58s ago, may end in 5m2s",
        "│   └── 613 requests needed, 90 expected in 10m",
        "├── checks       of the canary",
        "│   ├── Inconclusive errors: 0.001 in [-0.004, 0.012], limit 0.01; 105 canary and 436 stable requests",
        "│   │   └── the interval is still wider than the margin",
        "│   └── NoData       slow: unknown; requests unknown",
        "│       └── the pods' counts are not known",
        "├── paused       1m ago by ann: leeboard resume",
        "├── request      pause by ann, 1m ago: Done: at step 2",
        "└── failed       version 5  loans-5  2h ago, CheckFailed: errors; leeboard retry starts it again",
    ]


def test_a_settled_service_is_two_lines() -> None:
    assert _text(service(settled())).splitlines() == [
        "team/loans  Ready=True Serving",
        "└── stable       version 7  loans-0000000007  2/2 pods ready  100 % of the requests",
    ]


def test_what_the_operator_has_not_seen_or_answered_is_said() -> None:
    assert _text(service(settled(), generation=2, request="abort/b2/", by="bob")).splitlines() == [
        "team/loans  Ready=True Serving  (the operator has not seen the last change yet)",
        "├── stable       version 7  loans-0000000007  2/2 pods ready  100 % of the requests",
        "└── asked        abort by bob, id b2: not answered yet",
    ]


def test_an_unseen_service_is_unknown_and_not_unready() -> None:
    assert _text(service(InferenceServiceStatus())).splitlines() == [
        "team/loans  Ready=Unknown  (the operator has not seen it yet)",
        "└── stable       none: nothing serves yet",
    ]


def test_shares_that_nobody_knows_are_unknown_and_not_zero() -> None:
    status = settled().model_copy(
        update={
            "canary": revision(8, ready=0),
            "step": StepStatus(
                index=3,
                total=3,
                kind=StepKind.PROMOTION,
                phase=StepPhase.HOLDING,
                started_at="2026-03-01T12:00:00Z",
                phase_since="2026-03-01T12:09:00Z",
                ends_at="2026-03-01T12:08:00Z",
                held_since="2026-03-01T12:08:00Z",
            ),
            "traffic": TrafficStatus(provider="Replicas", asked=100, mirrored=50),
        }
    )
    assert _text(service(status)).splitlines() == [
        "team/loans  Ready=True Serving",
        "├── stable       version 7  loans-0000000007  2/2 pods ready  unknown of the requests",
        "├── canary       version 8  loans-0000000008  0/2 pods ready  unknown of the requests",
        "├── traffic      asked 100 %, applied unknown, not confirmed, measured unknown, 50 % copied; Replicas",
        "└── step         promotion: Holding for 1m, began 10m ago, long enough since 2m, held for 2m",
    ]
