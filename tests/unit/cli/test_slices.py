"""Segments, groups and curves on the command line."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.api.monitoring_status import GroupStatus, PerformanceStatus, SegmentStatus
from leeboard.cli.slice_rows import groups_of, names_of, segments_of
from leeboard.cli.sparkline import ASCII, BLOCKS, marks_for, sparkline
from tests.unit.cli.test_drift import WINDOW

SEGMENTS = (
    SegmentStatus(column="region", value="north", standing="Stable", rows=900, psi="0.0100"),
    SegmentStatus(column="region", value="south", standing="Drifted", rows=800, psi="0.5100"),
    SegmentStatus(column="channel", value="web", standing="NoReference", rows=70),
)
GROUPS = (
    GroupStatus(column="sex", value="f", standing="Basis", rows=900, rate=("0.5", "0.4", "0.6"), usual="0.5100"),
    GroupStatus(
        column="sex", value="m", standing="Differs", rows=800, rate=("0.35", "0.30", "0.40"),
        difference=("-0.15", "-0.2", "-0.1"), ratio=("0.7", "0.6", "0.8"),
    ),
    GroupStatus(column="sex", value="x", standing="TooFewRows", rows=7),
)  # fmt: skip
LABELS = PerformanceStatus(
    revision="r1", version="3", until="2026-03-02T12:00:00Z", verdict="Unproven", metric="AUC", reference="0.9",
    labels=700, groups=(GroupStatus(column="sex", value="f", standing="Basis", rows=300, rate=("0.9", "0.8", "1.0")),),
)  # fmt: skip
STATUS = InferenceServiceStatus(
    drift=WINDOW.model_copy(update={"segments": SEGMENTS, "groups": GROUPS}), performance=LABELS
)


def test_segments_are_found_by_input_or_value() -> None:
    assert list(segments_of(STATUS, "region")) == [
        ("region", "north", "Stable", "900", "0.0100"),
        ("region", "south", "Drifted", "800", "0.5100"),
    ]
    assert list(segments_of(STATUS, "web")) == [("channel", "web", "NoReference", "70", "unknown")]
    assert list(segments_of(STATUS, "moon")) == []
    assert names_of(STATUS) == ("region", "channel")
    assert list(segments_of(InferenceServiceStatus(), "region")) == []


def test_groups_are_shown_with_intervals_and_what_is_unknown_said_to_be() -> None:
    assert list(groups_of(STATUS)) == [
        ("favourable answers", "sex", "f", "Basis", "900", "0.5 (0.4 to 0.6)", "0.5100", "unknown", "unknown"),
        ("favourable answers", "sex", "m", "Differs", "800", "0.35 (0.30 to 0.40)", "unknown", "-0.15 (-0.2 to -0.1)",
         "0.7 (0.6 to 0.8) <4/5"),
        ("favourable answers", "sex", "x", "TooFewRows", "7", "unknown", "unknown", "unknown", "unknown"),
        ("true positives", "sex", "f", "Basis", "300", "0.9 (0.8 to 1.0)", "unknown", "unknown", "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize(("marks", "curve"), [(BLOCKS, "▁▁▃▅·█"), (ASCII, "__-=?#")])
def test_a_curve_has_one_scale_and_a_mark_for_what_is_unknown(marks: str, curve: str) -> None:
    assert sparkline(("0.000", "0.049", "0.100", "0.200", "", "7.000"), marks) == curve


@pytest.mark.parametrize(("encoding", "marks"), [("utf-8", BLOCKS), ("ascii", ASCII), ("latin-1", ASCII), ("?", ASCII)])
def test_plain_characters_are_taken_where_blocks_cannot_be_shown(encoding: str, marks: str) -> None:
    assert marks_for(encoding) == marks
