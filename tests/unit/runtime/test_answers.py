"""The ring of the last predictions: kept for a reader only, bounded in every direction."""

from array import array
from dataclasses import dataclass, field

import pytest

from leeboard_runtime import answers as ring
from leeboard_runtime.answers import Answers
from leeboard_runtime.packed import EVERYTHING, Packed
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.signature import Column, Description

DESCRIPTION = Description((Column("x", "double", required=True),), (), (), (), "test", lean=False)


@dataclass
class Scene:
    now: float = 0.0
    answers: Answers = field(init=False)

    def __post_init__(self) -> None:
        self.answers = Answers(lambda: self.now)
        self.answers.describe(DESCRIPTION)

    def answer(self, *values: float, tensors: list[OutputTensor] | None = None) -> None:
        """A request of these rows, answered with their doubles unless said otherwise."""
        doubled = OutputTensor("y", "FP64", [len(values)], [2 * value for value in values])
        packed = Packed(len(values), EVERYTHING, [array("d", values).tobytes()])
        self.answers.keep(packed, tensors if tensors is not None else [doubled])

    def outputs(self) -> list[list[object]]:
        return [entry.outputs for entry in self.answers.read()]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_they_are_wanted_from_the_first_read_on_and_not_for_ever(scene: Scene) -> None:
    assert not scene.answers.are_wanted

    assert scene.outputs() == []
    assert scene.answers.are_wanted

    scene.now = ring.WANTED_SECONDS + 1
    assert not scene.answers.are_wanted


def test_what_was_kept_for_a_reader_who_went_away_is_not_told_to_the_next(scene: Scene) -> None:
    scene.outputs()
    scene.answer(1.0)
    assert scene.outputs() == [[2.0]]

    scene.now = ring.WANTED_SECONDS + 1

    assert scene.outputs() == []


def test_every_row_is_an_entry_the_newest_first(scene: Scene) -> None:
    scene.answer(1.0, 2.0)
    scene.answers.read()
    scene.answer(1.0, 2.0)
    scene.answer(3.0)

    entries = scene.answers.read()

    assert [entry.outputs for entry in entries] == [[6.0], [4.0], [2.0]]
    assert len({entry.input_hash for entry in entries}) == 3


def test_outputs_are_flat_and_in_the_order_of_their_names(scene: Scene) -> None:
    scene.answers.read()

    scene.answer(
        1.0,
        2.0,
        tensors=[
            OutputTensor("score", "FP64", [2, 2], [0.1, 0.9, 0.3, 0.7]),
            OutputTensor("label", "BYTES", [2], ["yes", "no"]),
        ],
    )

    assert scene.outputs() == [["no", 0.3, 0.7], ["yes", 0.1, 0.9]]


def test_the_oldest_goes_when_the_ring_is_full_and_of_a_large_request_the_first_rows_stay(scene: Scene) -> None:
    scene.answers.read()
    scene.answer(*range(1000))
    assert len(scene.outputs()) == ring.ROWS_OF_A_REQUEST

    for number in range(ring.RING_ENTRIES):
        scene.answer(float(number))

    assert len(scene.outputs()) == ring.RING_ENTRIES
    assert scene.outputs()[-1] == [0.0]


@pytest.mark.parametrize(
    "tensors",
    [
        [OutputTensor("y", "FP64", [1, 65], [0.0] * 65)],
        [OutputTensor("y", "BYTES", [1], ["x" * 257])],
    ],
    ids=["more values than are kept", "a longer text than is kept"],
)
def test_a_row_of_large_outputs_is_left_out(scene: Scene, tensors: list[OutputTensor]) -> None:
    scene.answers.read()

    scene.answer(1.0, tensors=tensors)

    assert scene.outputs() == []


def test_outputs_that_are_not_one_a_row_are_left_out(scene: Scene) -> None:
    scene.answers.read()

    scene.answer(1.0, 2.0, tensors=[OutputTensor("y", "FP64", [1], [3.0])])

    assert scene.outputs() == []
