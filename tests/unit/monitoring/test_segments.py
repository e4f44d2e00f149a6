"""The answers for each segment, beside the same segment of the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from leeboard.api import monitoring_status as told
from leeboard.monitoring.drift import Standing, calibrated
from leeboard.monitoring.drift.segments import SegmentFinding, judge_segments
from leeboard.monitoring.drift.settings import DEFAULTS
from leeboard.monitoring.fairness import GroupStanding
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.reporting_slices import SEGMENT_STANDINGS
from tests.support.profiles import Reference, Rows
from tests.unit.monitoring.sliced import SETTINGS, people, reference, window

REFERENCE = reference(people(1, 20_000))
PROFILE = REFERENCE.profile


def judged(rows: Rows, made: Reference = REFERENCE) -> dict[str, SegmentFinding]:
    cells = window(made, rows)
    found = judge_segments(made.profile, cells, calibration=calibrated(made.profile, cells.rows), settings=SETTINGS)
    assert [one.key.value for one in found] == ["north", "south", "west"], "as they are declared"
    return {one.key.value: one for one in found}


def test_every_standing_can_be_reported() -> None:
    assert {one.value for one in told.GroupStanding} == {one.value for one in GroupStanding} | {"NoSuchInput"}
    assert set(SEGMENT_STANDINGS) == {*Standing, None} - {Standing.NOT_MONITORED}


def test_the_segment_that_drifted_is_named_and_the_others_are_stable() -> None:
    found = judged(people(2, south=1.5))
    assert (found["north"].standing, found["south"].standing) == (Standing.STABLE, Standing.DRIFTED)
    assert (found["south"].size or 0) > 1.0
    assert (found["north"].size or 1) < 0.1


def test_a_segment_that_the_reference_lacks_is_unknown_and_never_stable() -> None:
    assert judged(people(2))["west"] == SegmentFinding(judged(people(2))["west"].key, 0, None, None)
    bare = reference(people(1, 20_000), columns=("sex",))
    assert {one.standing for one in judged(people(2), bare).values()} == {None}
    assert judged(people(2), bare)["north"].rows > 3000


def test_a_segment_with_few_rows_is_not_judged() -> None:
    found = judged(people(2, 500, south=3.0))
    assert found["south"].standing is Standing.TOO_FEW_ROWS, "the classes are known well enough, the scores are not"
    assert (found["south"].size or 0) < 0.1, "what was not judged has no size"


def test_segments_that_differ_from_each_other_are_no_drift() -> None:
    unlike = reference(people(1, 20_000, south=1.5))
    assert judged(people(2, south=1.5), unlike)["south"].standing is Standing.STABLE


def test_undeclared_segments_are_not_judged() -> None:
    cells = window(REFERENCE, people(2, south=1.5))
    assert judge_segments(PROFILE, cells, calibration=calibrated(PROFILE, cells.rows), settings=DEFAULTS) == ()


def test_a_model_without_score_and_classes_has_nothing_to_judge() -> None:
    bare = Profile.from_json(b'{"schema":1,"model":{"version":"1"},"reference":{"rows":0},"task":"Unknown",'
                             b'"classes":[],"features":[],"channels":[],"counts":[],"quality":[],"blocks":{"rows":[],'
                             b'"counts":[]},"performance":null}')  # fmt: skip
    found = judge_segments(bare, bare.empty, calibration=calibrated(bare, 0), settings=SETTINGS)
    assert {one.standing for one in found} == {None}


def test_driftless_segments_are_hardly_ever_drifted() -> None:
    found = [judged(people(seed, 4000)) for seed in range(100, 200)]
    standings = [one.standing for each in found for name, one in each.items() if name != "west"]
    assert standings.count(Standing.DRIFTED) == 0
    assert standings.count(Standing.STABLE) == len(standings) == 200


def test_brief_profiles_are_without_slices() -> None:
    assert PROFILE.slices.keys
    assert not PROFILE.without_blocks.slices.keys
    assert replace(PROFILE.without_blocks, slices=PROFILE.slices).reference is PROFILE.reference
    assert np.array_equal(PROFILE.without_blocks.widths, PROFILE.widths)
