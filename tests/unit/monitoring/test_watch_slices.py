"""Segments and groups of one service: from counters and labels to what is reported, whatever is declared."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from leeboard.api.monitoring import Monitoring
from leeboard.api.monitoring_status import GroupStatus, ServedDriftStatus
from leeboard.monitoring.cells import Cells, LabelEntry, PodLabels, Served
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.memory import MAX_BYTES, Memory
from leeboard.monitoring.slices import SliceKind
from leeboard.monitoring.watch import Watch
from leeboard.planning.monitoring.settings import settings_of
from leeboard_runtime.measures import redacted_name
from tests.support.profiles import Reference, Rows
from tests.unit.monitoring.sliced import SETTINGS, SPEC, counted, people, reference, window
from tests.unit.monitoring.test_cohorts import token
from tests.unit.monitoring.watched import Service

REFERENCE = reference(people(1, 20_000))
SEXES = ("sex", ("f", "m"))


@dataclass
class Parted(Service):
    """Its pods count by region and by sex."""

    def counting(self, reference: Reference, served: Rows) -> Cells:
        return window(reference, served)


def a_service(settings: Settings = SETTINGS, made: Reference = REFERENCE) -> Parted:
    service = Parted(references={"r1": made}, settings=settings)
    service.poll()
    return service


def after_a_day(service: Parted, rows: Rows, *, pods: int = 1) -> ServedDriftStatus:
    """The rows on so many pods, then the poll that ends the day."""
    length = len(rows) // pods
    for pod in range(pods):
        service.serve(f"r1-{pod}", rows.part(slice(pod * length, (pod + 1) * length)))
    found = service.poll(hours=24).reports["r1"].drift
    assert found is not None
    return found


def test_a_day_ends_with_segments_and_groups_beside_the_features() -> None:
    found = after_a_day(a_service(), people(2, south=1.5, rates={"m": 0.3}))
    assert [(one.column, one.value, one.standing.value) for one in found.segments] == [
        ("region", "north", "Stable"),
        ("region", "south", "Drifted"),
        ("region", "west", "NoReference"),
    ]
    assert [(one.value, one.standing.value) for one in found.groups] == [("f", "Basis"), ("m", "Differs")]
    man = found.groups[1]
    assert man.rate is not None
    assert man.ratio is not None
    assert float(man.rate[1]) < 0.3 < float(man.rate[2])
    assert float(man.ratio[2]) < 0.8


def test_rows_that_depended_on_each_other_in_the_reference_make_intervals_wider() -> None:
    rows = people(1, 20_000)
    waves = np.random.default_rng(1).random(20_000) < 0.5 + 0.3 * np.sin(np.arange(20_000) / 400)
    moody = a_service(made=reference(replace(rows, predicted=waves.astype(int))))
    widths = []
    for service in (a_service(), moody):
        rate = after_a_day(service, people(3, 6000)).groups[1].rate
        assert rate is not None
        widths.append(float(rate[2]) - float(rate[1]))
    assert widths[1] > 2 * widths[0]


def test_pods_are_merged_and_each_row_is_counted_once() -> None:
    rows = people(3, 6000)
    one, three = after_a_day(a_service(), rows), after_a_day(a_service(), rows, pods=3)
    assert (one.segments, one.groups) == (three.segments, three.groups)
    assert sum(group.rows for group in one.groups) == 6000


def test_the_next_day_begins_with_nothing() -> None:
    service = a_service()
    after_a_day(service, people(3, 6000))
    found = after_a_day(service, people(4, 2000))
    assert sum(group.rows for group in found.groups) == 2000


def test_what_is_written_is_read_back_in_the_middle_of_a_day() -> None:
    service = a_service()
    service.serve("r1-a", people(5, 3000))
    watch = service.poll(hours=1)
    again = Watch.from_data(watch.to_data())
    assert again is not None
    assert again.memory == watch.memory
    service.watch = again
    service.serve("r1-a", people(6, 3000))
    found = service.poll(hours=23).reports["r1"].drift
    assert found is not None
    assert sum(group.rows for group in found.groups) == 6000


def test_what_is_no_longer_declared_is_no_longer_told() -> None:
    service = a_service()
    service.settings = settings_of(Monitoring.model_validate({"segments": SPEC["segments"][:1]}))
    found = after_a_day(service, people(2))
    assert found.groups == ()
    assert len(found.segments) == 3


def test_an_input_that_the_model_lacks_is_said() -> None:
    spec = {"segments": [{"column": "country", "values": ["no"]}], "groups": [{"column": "age", "values": ["1", "2"]}]}
    found = after_a_day(a_service(settings_of(Monitoring.model_validate(spec))), people(2))
    assert [one.standing.value for one in found.segments] == ["NoSuchInput"]
    assert [one.standing.value for one in found.groups] == ["NoSuchInput"] * 2


def test_of_a_redacted_input_neither_name_nor_values_are_told() -> None:
    document = REFERENCE.document
    hidden = [
        {**one, "name": redacted_name("sex") if one["name"] == "sex" else one["name"]} for one in document["features"]
    ]
    made = Reference({**document, "features": hidden, "slices": document["slices"][:1]})
    found = after_a_day(a_service(made=made), people(2, rates={"m": 0.3}))
    assert [(one.column, one.value) for one in found.groups] == [
        (redacted_name("sex"), "value-1"),
        (redacted_name("sex"), "value-2"),
    ]
    assert found.groups[1].standing.value == "Differs"


def labelled(rows: Rows, *, start: int, known: int, recall: dict[str, float], covered: bool = True) -> PodLabels:
    """An hour of predictions whose labels all come, or only those of the favourable predictions."""
    random = np.random.default_rng(known)
    sexes = rows.features["sex"]
    label = (random.random(len(rows)) < 0.5).astype(int)
    right = np.vectorize(lambda sex: recall[sex])(sexes)
    predicted = np.where(label == 1, random.random(len(rows)) < right, random.random(len(rows)) < 0.2).astype(int)
    entries = tuple(
        LabelEntry(known + i + 1, token(known + i), start + 5, 0, int(predicted[i]), None, float(label[i]),
                   group=SEXES[1].index(str(sexes[i])))
        for i in range(len(rows)) if covered or predicted[i] == 1
    )  # fmt: skip
    served = {start: Served(len(rows), tuple(np.bincount(predicted, minlength=2).tolist()))}
    return PodLabels("r1-a", "r1", "1", known + len(rows), entries, served, group=SEXES)


def with_labels(recall: dict[str, float], *, hours: int = 4, covered: bool = True) -> Parted:
    rows = people(9, 20_000)
    labels = (np.random.default_rng(9).random(20_000) < 0.5).astype(int)
    made = reference(replace(rows, labels=labels))
    service = a_service(made=made)
    service.serve("r1-a", people(10, 100))
    service.poll()
    for hour in range(hours):
        start, known = int(service.now.timestamp()) // 3600 * 3600, 1000 * hour
        rows_ = people(20 + hour, 1000)
        service.labels["r1-a"] = labelled(rows_, start=start, known=known, recall=recall, covered=covered)
        service.poll()
        service.poll(hours=1)
    service.poll(hours=0.2)
    return service


def recalls(service: Parted) -> tuple[GroupStatus, ...]:
    found = service.watch.reports["r1"].performance
    assert found is not None
    return found.groups


def test_equal_opportunity_is_told_by_labels() -> None:
    woman, man = recalls(with_labels({"f": 0.9, "m": 0.7}))
    assert (woman.standing.value, man.standing.value) == ("Basis", "Differs")
    assert man.rate is not None
    assert man.difference is not None
    assert float(man.rate[0]) == pytest.approx(0.7, abs=0.04)
    assert float(man.difference[2]) < 0
    assert woman.rows + man.rows == pytest.approx(2000, rel=0.1)


def test_labels_of_favourable_predictions_alone_say_nothing_of_those_who_deserved_it() -> None:
    service = with_labels({"f": 0.9, "m": 0.7}, covered=False)
    service.poll(hours=24 * 8)
    assert {(one.standing.value, one.rows, one.rate) for one in recalls(service)} == {("TooFewRows", 0, None)}


def test_what_labels_say_of_groups_survives_and_is_forgotten_with_another_declaration() -> None:
    service = with_labels({"f": 0.9, "m": 0.7})
    again = Memory.from_text(service.watch.memory.to_text())
    assert again is not None
    assert again.recalls == service.watch.memory.recalls
    assert again.recalls["r1"].counts.sum() > 0
    start = int(service.now.timestamp()) // 3600 * 3600
    late = labelled(people(50, 500), start=start, known=90_000, recall={"f": 1.0, "m": 1.0})
    service.labels["r1-a"] = late
    (open_,) = service.poll().memory.cohorts["r1"].open.values()
    assert set(open_.sample.entries["group"]) == {0, 1}
    swapped = {"groups": [{"column": "sex", "values": ["m", "f"]}]}
    service.settings = settings_of(Monitoring.model_validate(swapped))
    memory = service.poll(hours=0.1).memory
    assert memory.recalls["r1"].values == ("m", "f")
    assert memory.recalls["r1"].counts.sum() == 0
    assert all((one.sample.entries["group"] == -1).all() for one in memory.cohorts["r1"].open.values())


def test_the_places_of_a_pods_own_declaration_are_understood() -> None:
    service = a_service()
    service.serve("r1-a", people(10, 100))
    service.poll()
    start = int(service.now.timestamp()) // 3600 * 3600
    told = labelled(people(20, 1000), start=start, known=0, recall={"f": 1.0, "m": 1.0})
    service.labels["r1-a"] = replace(told, group=("sex", ("m", "x", "f")))
    memory = service.poll().memory
    entries = memory.cohorts["r1"].open[start].sample.entries
    given = np.bincount([one.group for one in told.entries if one.group is not None], minlength=2)
    assert (entries["group"] == 1).sum() == given[0], "m is the second one here"
    assert (entries["group"] == -1).sum() == given[1], "x is none of ours"
    assert (entries["group"] == 0).sum() == 0


def test_as_many_parts_as_can_be_declared_fit_beside_everything_else() -> None:
    values = [f"v{place}" for place in range(8)]
    made, service = reference(people(1, 20_000)), a_service()
    random = np.random.default_rng(3)
    for pod in range(20):
        rows = people(30 + pod, 4000)
        rows = replace(rows, features={**rows.features, **{f"c{c}": random.choice(values, 4000) for c in range(4)}})
        parts = [counted(made, rows, kind, f"c{column}", values) for kind in SliceKind for column in range(4)]
        cells = replace(made.window(rows), slices=sum(parts[1:], parts[0]))
        service.serve(f"r1-{pod}", people(30 + pod, 100))
        service.counted[f"r1-{pod}"] = replace(service.counted[f"r1-{pod}"], cells=cells)
    service.poll(hours=0.1)
    text = service.watch.memory.to_text()
    assert len(service.watch.memory.windows.revisions["r1"].season.cells.slices.keys) == 64
    assert len(text) < 0.2 * MAX_BYTES
    assert Memory.from_text(text) == service.watch.memory
