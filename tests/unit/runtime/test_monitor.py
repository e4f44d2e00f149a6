"""What a server does beside each answer: tokens before it, counts after it, labels that come late."""

import json
import logging
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from leeboard_runtime import counting
from leeboard_runtime import monitor as rooms
from leeboard_runtime.errors import Refusal
from leeboard_runtime.feedback import MOST_LABELS, Feedback, Judge
from leeboard_runtime.labels import COHORT_SECONDS
from leeboard_runtime.monitor import Declared, Monitor, Tokens
from leeboard_runtime.outcomes import Task
from leeboard_runtime.packed import EVERYTHING, Packed
from leeboard_runtime.profile_reading import parse_profile
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.slices import Slices
from leeboard_runtime.tokens import version_mark
from leeboard_runtime.watched import Watched, read_credential, read_keys
from tests.support.profile_document import (
    channel,
    classes,
    described_numbers,
    encoded,
    feature,
    numeric_profile,
    profile,
)

CREDENTIAL = b"0123456789abcdef"
START = 500_000 * COHORT_SECONDS
DAY = 86400.0
KEYS = ("01" * 16, "02" * 16)
SIZE = 16  # bytes of a request, about


def asked(*rows: tuple[float, float]) -> Packed:
    """A request of these rows, as it is packed."""
    values = array("d", [value for column in zip(*rows, strict=True) for value in column])
    return Packed(len(rows), EVERYTHING, [values.tobytes()])


def answer(scores: Sequence[float]) -> list[OutputTensor]:
    """Probabilities of two classes for each row."""
    flat = [one for score in scores for one in (1 - score, score)]
    return [OutputTensor("output-0", "FP64", [len(scores), 2], flat)]


@dataclass
class Scene:
    folder: Path
    now: float = START
    version: str = "3"
    document: dict[str, Any] = field(default_factory=lambda: numeric_profile(2))
    monitor: Monitor = field(init=False)

    def __post_init__(self) -> None:
        self.keys = self.folder / "keys"
        self.keys.mkdir(exist_ok=True)
        self.put_key("1", KEYS[0])
        (self.folder / "credential").write_bytes(CREDENTIAL)
        parsed = parse_profile(encoded(self.document))
        mark = version_mark("car-loan", self.version, parsed.digest)
        keys, credential = Watched(self.keys, read_keys), Watched(self.folder / "credential", read_credential)
        feedback = Feedback(
            Judge(parsed.task, parsed.classes), mark,
            keys=keys, credential=credential, longest_delay_seconds=DAY, clock=lambda: self.now,
        )  # fmt: skip
        declared = Declared(parsed, segments=(Slices("x0", ("1.0",)),), groups=(Slices("x1", ("1.0", "2.0")),))
        self.monitor = Monitor(declared, tokens=Tokens(keys, mark, feedback), clock=lambda: self.now)

    def put_key(self, name: str, key: str) -> None:
        (self.keys / name).write_text(key)

    @property
    def feedback(self) -> Feedback:
        assert self.monitor.tokens is not None
        return self.monitor.tokens.feedback

    def tell(self, *rows: tuple[float, float], scores: tuple[float, ...] = ()) -> str | None:
        """A request of rows of two features, answered with a probability of the second class each, 0.75 unless said
        otherwise; its tokens.
        """
        (tokens,) = self.monitor.answered([asked(*rows)], answer(scores or (0.75,) * len(rows)), SIZE)
        return tokens

    def tokens(self, *rows: tuple[float, float], scores: tuple[float, ...] = ()) -> list[str]:
        told = self.tell(*rows, scores=scores)
        assert told is not None
        return told.split(",")

    def label(self, *labels: tuple[str, object]) -> tuple[int, dict[str, Any]]:
        body = [{"token": token, "label": label} for token, label in labels]
        status, answer = self.feedback.take(json.dumps(body[0] if len(body) == 1 else body).encode())
        return status, json.loads(answer)

    def entries(self) -> list[list[Any]]:
        found = self.monitor.labels_document(0)
        assert found is not None
        return [list(entry) for entry in found["entries"]]

    def counted(self, *kinds: str) -> list[int]:
        return [self.feedback.counted[kind] for kind in kinds]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.monitor.describe(described_numbers(2))
    return scene


def test_each_row_has_a_token_that_brings_its_prediction_back(scene: Scene) -> None:
    one, other = scene.tokens((1.0, 2.0), (5.0, 9.0), scores=(0.75, 0.125))
    scene.now += 60

    assert scene.label((one, 1), (other, "0")) == (200, {"accepted": 2})

    assert [entry[:1] + entry[2:] for entry in scene.entries()] == [
        [1, START, 7, 1, 0.75, 0, 1, 1],
        [2, START, 1, 0, 0.125, -1, -1, 0],
    ]


def test_the_requests_of_a_batch_have_tokens_each_for_its_own_rows(scene: Scene) -> None:
    requests = [asked((1.0, 2.0)), asked((5.0, 9.0), (1.0, 1.0)), asked((5.0, 2.0))]
    tokens = scene.monitor.answered(requests, answer((0.75, 0.125, 0.25, 0.5)), 4 * SIZE)
    assert [len(of.split(",")) for of in tokens if of is not None] == [1, 2, 1]

    for of in tokens:
        assert of is not None
        assert scene.label(*[(token, 1) for token in of.split(",")])[0] == 200

    assert [entry[5:8] for entry in scene.entries()] == [[0.75, 0, 1], [0.125, -1, -1], [0.25, 0, 0], [0.5, -1, 1]]
    assert scene.monitor.counted.rows == 4


def test_in_a_batch_only_the_request_of_too_many_rows_has_no_tokens(scene: Scene) -> None:
    many = rooms.TOKEN_ROWS + 1
    requests = [asked((1.0, 2.0)), asked(*[(1.0, 1.0)] * many), asked((5.0, 2.0))]
    one, none, other = scene.monitor.answered(requests, answer((0.75, *[0.125] * many, 0.25)), SIZE)

    assert none is None
    assert one is not None
    assert other is not None
    assert scene.label((one, 1), (other, 1))[0] == 200
    assert [entry[5] for entry in scene.entries()] == [0.75, 0.25]
    document = scene.monitor.labels_document(0)
    assert document is not None
    assert document["served"] == [{"cohort": START, "rows": 2, "classes": [1, 1]}]
    assert scene.monitor.counted.rows == many + 2


def test_a_cohort_tells_what_was_served_with_tokens(scene: Scene) -> None:
    scene.tokens((1.0, 1.0), (1.0, 1.0), scores=(0.75, 0.125))
    scene.now += COHORT_SECONDS
    scene.tokens((1.0, 1.0))

    document = scene.monitor.labels_document(0)

    assert document is not None
    assert document["served"] == [
        {"cohort": START, "rows": 2, "classes": [1, 1]},
        {"cohort": START + COHORT_SECONDS, "rows": 1, "classes": [0, 1]},
    ]


def test_a_request_of_more_rows_than_a_limit_is_counted_without_tokens(scene: Scene) -> None:
    assert len(scene.tokens(*[(1.0, 1.0)] * rooms.TOKEN_ROWS)) == rooms.TOKEN_ROWS
    assert scene.tell(*[(1.0, 1.0)] * (rooms.TOKEN_ROWS + 1)) is None
    document = scene.monitor.labels_document(0)
    assert document is not None
    assert (scene.monitor.counted.rows, document["served"][0]["rows"]) == (513, 256)


def test_a_request_of_which_rows_are_skipped_has_no_tokens(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "ROWS_OF_A_REQUEST", 1)
    scene.monitor.describe(described_numbers(3))
    scene.monitor.describe(described_numbers(2))
    assert scene.tell((1.0, 1.0), (1.0, 1.0)) is None
    assert (scene.monitor.counted.rows, scene.monitor.counted.skipped) == (1, 1)


def test_a_class_beyond_what_a_token_holds_is_counted_and_left_out_of_the_token(tmp_path: Path) -> None:
    names = [str(number) for number in range(300)]
    document = profile([feature("x0")], [channel("x0", 0, edges=[1]), classes(*names)], task="Multiclass", names=names)
    scene = Scene(tmp_path, document=document)
    scene.monitor.describe(described_numbers(1))
    packed = Packed(2, EVERYTHING, [array("d", [0.0, 1.0]).tobytes()])
    (tokens,) = scene.monitor.answered([packed], [OutputTensor("label", "INT64", [2], [299, 254])], SIZE)
    assert tokens is not None

    assert scene.label(*[(token, 0) for token in tokens.split(",")])[0] == 200

    assert [entry[4] for entry in scene.entries()] == [-1, 254]
    counts = scene.monitor.counted.counts()[1]
    assert (counts[299], counts[254], sum(counts)) == (1, 1, 2)


def test_without_keys_there_are_no_tokens_and_feedback_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    (scene.keys / "1").unlink()
    assert scene.monitor.tokens is not None
    scene.monitor.tokens.keys.look()
    scene.monitor.describe(described_numbers(2))

    assert scene.tell((1.0, 1.0)) is None
    with pytest.raises(Refusal, match="no keys") as caught:
        scene.label(("token", 1))
    assert caught.value.status == 503


def test_a_new_key_seals_and_the_old_one_opens_as_long_as_it_is_there(scene: Scene) -> None:
    assert scene.monitor.tokens is not None
    old = scene.tokens((1.0, 1.0))[0]
    scene.put_key("2", KEYS[1])
    scene.monitor.tokens.keys.look()
    assert scene.label((old, 1)) == (200, {"accepted": 1})

    (scene.keys / "1").unlink()
    scene.monitor.tokens.keys.look()

    assert scene.label((old, 1))[0] == 400
    assert scene.label((scene.tokens((1.0, 1.0))[0], 1))[0] == 200
    assert scene.counted("kept", "forged") == [2, 1]


def test_duplicates_count_once_and_another_label_is_refused(scene: Scene) -> None:
    token = scene.tokens((1.0, 1.0))[0]
    assert scene.label((token, 1), (token, 1), (token, 0)) == (
        400,
        {
            "accepted": 2,
            "refused": [{"index": 2, "error": "label: another one was given for this token, and the first one stays"}],
        },
    )
    assert len(scene.entries()) == 1
    assert scene.counted("kept", "duplicate", "conflict") == [1, 1, 1]


def test_what_is_forged_expired_or_of_another_version_is_counted_and_dropped(scene: Scene, tmp_path: Path) -> None:
    other = Scene(tmp_path, version="4")
    other.monitor.describe(described_numbers(2))
    token, foreign = scene.tokens((1.0, 1.0))[0], other.tokens((1.0, 1.0))[0]
    scene.now += DAY
    good = scene.label((token, 1))
    scene.now += 1

    status, answer = scene.label(("A" * len(token), 1), (token, 1), (foreign, 1))

    assert good == (200, {"accepted": 1})
    assert (status, [refused["error"] for refused in answer["refused"]]) == (
        400,
        [
            "token: not one of this service, or changed on its way",
            "token: older than 86400 s",
            "token: of another version of the model than this server's",
        ],
    )
    assert scene.counted("kept", "forged", "expired", "foreign") == [1, 1, 1, 1]
    document = scene.monitor.labels_document(0)
    assert document is not None
    assert [document[name] for name in ("forged", "expired", "foreign")] == [1, 1, 1]


@pytest.mark.parametrize(
    ("task", "classes", "label", "counted"),
    [
        (Task.BINARY, ("0", "1"), 1, 1),
        (Task.BINARY, ("0", "1"), "1", 1),
        (Task.BINARY, ("0", "1"), 1.0, 1),
        (Task.BINARY, ("false", "true"), True, 1),
        (Task.MULTICLASS, ("a", "b"), "b", 1),
        (Task.REGRESSION, (), -2.5, -2.5),
        (Task.REGRESSION, (), 7, 7),
    ],
)
def test_a_label_is_taken_by_name_or_value(
    task: Task, classes: tuple[str, ...], *, label: object, counted: float
) -> None:
    assert Judge(task, classes).label(label) == counted


@pytest.mark.parametrize(
    ("task", "classes", "label", "sentence"),
    [
        (Task.BINARY, ("0", "1"), 2, 'label 2 must be one of the classes "0", "1"'),
        (Task.BINARY, ("0", "1"), None, "label null must be one of"),
        (Task.BINARY, ("0", "1"), [1], r"label \[1\] must be one of"),
        (Task.BINARY, ("0", "1"), True, "label True must be one of"),
        (Task.MULTICLASS, tuple(map(str, range(20))), "x", "and 8 more"),
        (Task.REGRESSION, (), "7", "label '7' must be a finite number"),
        (Task.REGRESSION, (), True, "label True must be a finite number"),
        (Task.REGRESSION, (), float("inf"), "label inf must be a finite number"),
    ],
)
def test_a_label_that_the_model_does_not_know_is_refused(
    task: Task, classes: tuple[str, ...], *, label: object, sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        Judge(task, classes).label(label)


@pytest.mark.parametrize("item", [None, 1, "token", {}, {"token": 1, "label": 1}, {"token": "x"}], ids=repr)
def test_what_is_no_label_is_refused_by_its_index(scene: Scene, item: object) -> None:
    status, answer = scene.feedback.take(json.dumps([item]).encode())
    assert (status, json.loads(answer)["refused"][0]["index"]) == (400, 0)
    assert scene.counted("invalid") == [1]


def test_a_body_that_is_no_json_or_too_long_is_refused_as_a_whole(scene: Scene) -> None:
    with pytest.raises(Refusal, match="not JSON"):
        scene.feedback.take(b"{")
    with pytest.raises(Refusal, match="1025 labels are over 1024") as caught:
        scene.feedback.take(json.dumps([0] * (MOST_LABELS + 1)).encode())
    assert caught.value.status == 413


@pytest.mark.parametrize("header", [None, b"", CREDENTIAL, b"Bearer ", b"Bearer x", b"Basic " + CREDENTIAL], ids=repr)
def test_feedback_is_for_whoever_has_the_credential(scene: Scene, header: bytes | None) -> None:
    with pytest.raises(Refusal) as caught:
        scene.feedback.authorize(header)
    assert (caught.value.status, scene.counted("unauthorized")) == (401, [1])
    scene.feedback.authorize(b"Bearer " + CREDENTIAL)


def test_before_the_model_is_described_the_counts_are_zeros(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    document = scene.monitor.cells_document()
    assert (document["rows"], document["skipped"]) == (0, 0)
    assert [len(row) for row in document["counts"]] == [10, 10, 10, 2]
    assert document["quality"] == [[0] * 6] * 2
    assert document["groups"][0]["values"][1] == {"value": "2.0", "rows": 0, "class": [0, 0]}
    assert scene.tell((1.0, 1.0)) is None


def test_rows_wait_to_be_counted_together_and_whoever_reads_does_not(scene: Scene) -> None:
    turns: list[Callable[[], None]] = []
    scene.monitor._later = turns.append
    for _ in range(3):
        scene.tell((1.0, 1.0))
    assert scene.monitor.cells is not None
    assert (scene.monitor.cells.rows, len(turns)) == (0, 0)

    assert scene.monitor.cells_document()["rows"] == 3
    assert scene.monitor.cells.rows == 3
    document = scene.monitor.labels_document(0)
    assert document is not None
    assert document["served"][0]["rows"] == 3


@pytest.mark.parametrize(("size", "requests"), [(SIZE, rooms.HELD_ROWS), (rooms.HELD_BYTES // 4, 4)])
def test_no_more_rows_wait_than_the_limits_say(scene: Scene, size: int, requests: int) -> None:
    turns: list[Callable[[], None]] = []
    scene.monitor._later = turns.append
    for turn in range(2 * requests):
        assert len(turns) == turn // requests
        scene.monitor.answered([asked((1.0, 1.0))], answer((0.75,)), size)
        if len(turns) > turn // requests:
            scene.monitor.answered([asked((1.0, 1.0))], answer((0.75,)), size)  # before its turn comes
            turns[-1]()
    assert scene.monitor.cells is not None
    assert (scene.monitor.cells.rows, len(scene.monitor._held)) == (2 * requests + 2, 0)


def test_a_worker_that_comes_back_with_the_same_model_changes_no_count(scene: Scene) -> None:
    scene.tell((1.0, 1.0))
    scene.monitor.describe(described_numbers(2))
    assert scene.monitor.counted.rows == 1


def test_another_model_is_counted_from_zero_and_none_of_its_rows_is_one_of_the_model_before(scene: Scene) -> None:
    scene.tell((1.0, 1.0))
    scene.monitor.describe(described_numbers(3))
    assert scene.monitor.counted.rows == 0


def test_a_fault_of_counting_is_logged_and_told_as_skipped_rows_and_never_raised(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Packed(3, EVERYTHING, [b"1234567"])

    with caplog.at_level(logging.ERROR):
        told = [scene.monitor.answered([broken], [], SIZE) for _ in range(5)]

    assert told == [[None]] * 5
    assert (scene.monitor.faults, scene.monitor.counted.skipped, scene.monitor.counted.rows) == (5, 15, 0)
    assert caplog.text.count("an answer was not counted") == 3


def test_a_fault_that_shows_when_rows_are_counted_together_skips_them_and_no_later_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    monitor = Monitor(Declared(parse_profile(encoded(numeric_profile(2)))), tokens=None, clock=lambda: START)
    monitor.describe(described_numbers(2))
    with caplog.at_level(logging.ERROR):
        monitor.answered([asked((1.0, 1.0))], answer((0.75,)), SIZE)
        monitor.answered([Packed(3, EVERYTHING, [b"1234567"])], answer((0.75,) * 3), SIZE)
        assert (monitor.counted.rows, monitor.counted.skipped, monitor.faults) == (0, 4, 1)
    monitor.answered([asked((1.0, 1.0))], answer((0.75,)), SIZE)
    assert (monitor.counted.rows, monitor.counted.skipped, monitor.faults) == (1, 4, 1)
    assert sum(map(sum, monitor.counted.counts()[:2])) == 2
    assert "an answer was not counted" in caplog.text
