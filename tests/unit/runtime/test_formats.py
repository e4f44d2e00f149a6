"""The formats that the operator and the server write down apart mean the same."""

from leeboard.monitoring import cells as operator_cells
from leeboard.monitoring import cohorts, reports
from leeboard.monitoring import profile as operator_profile
from leeboard.monitoring.tables import table_of
from leeboard_runtime import cells, channels, outcomes, profile_reading
from leeboard_runtime.labels import COHORT_SECONDS, SAMPLE
from leeboard_runtime.measures import value_hash
from leeboard_runtime.profile_reading import parse_profile
from tests.support.profile_document import encoded, profile
from tests.unit.runtime.counted import CHANNELS, FEATURES, KNOWN, Row, count, fresh
from tests.unit.runtime.counted import PROFILE as SERVERS

ROW: Row = {
    "amount": 5.0, "ratio": None, "visits": 1, "member": True, "city": "Oslo", "note": "x", "since": "2026-01-01",
    "probability": 0.75,
}  # fmt: skip


def test_the_words_are_the_same() -> None:
    assert operator_profile.SCHEMA == profile_reading.SCHEMA_VERSION
    assert [*map(str, operator_profile.Task)] == [*map(str, outcomes.Task)]
    assert [*map(str, operator_profile.Kind)] == [*map(str, channels.Kind)]
    assert [*map(str, operator_profile.Role)] == [*map(str, channels.Role)]
    assert operator_cells.QUALITY == cells.QUALITY
    assert reports.HOUR == COHORT_SECONDS
    assert cohorts.MOST < SAMPLE


def test_both_read_the_same_channels_and_cells_out_of_one_profile() -> None:
    document = profile(FEATURES, CHANNELS, known={"4": [value_hash(KNOWN)]})
    counted = fresh()
    for _ in range(3):
        count(counted, [ROW])
    document |= {
        "model": {"name": "m", "version": "3", "digest": "sha256:0"},
        "reference": {
            "source": "x", "digest": "sha256:1", "rows": counted.rows, "timeColumn": None, "from": None, "until": None,
        },
        "counts": counted.counts(),
        "quality": counted.quality(),
        "blocks": {"rows": [], "counts": []},
        "performance": None,
    }  # fmt: skip
    content = encoded(document)

    of_server, of_operator = parse_profile(content), operator_profile.Profile.from_json(content)

    assert of_operator.digest == of_server.digest != SERVERS.digest
    assert of_operator.features == tuple(one.name for one in of_server.features)
    assert tuple(map(str, of_operator.kinds)) == tuple(str(one.kind) for one in of_server.features)
    assert tuple(map(str, of_operator.roles)) == tuple(str(one.role) for one in of_server.channels)
    assert of_operator.widths.tolist() == [one.cells for one in of_server.channels]
    assert of_operator.owner.tolist() == [-1 if one.feature is None else one.feature for one in of_server.channels]
    found = operator_cells.Cells(
        counted.rows, table_of(counted.counts(), of_operator.widths.tolist(), "counts"),
        table_of(counted.quality(), [6] * len(of_operator.features), "quality"), counted.skipped,
    )  # fmt: skip
    assert found == of_operator.reference
    assert found.is_sound
