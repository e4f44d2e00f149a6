"""Events for users: bounded, and the same one only once."""

from datetime import UTC, datetime

from leeboard.adapters.kubernetes.recorder import MAX_NOTE, event_request
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest, Metadata
from leeboard.planning.plan import Notice, NoticeType

WHO = Metadata(name="train", namespace="team", uid="u", resource_version="7")


def event(message: str, *, reason: str = "Started") -> Manifest:
    notice = Notice(NoticeType.WARNING, reason, message)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    request = event_request(Kind.TRAINING_JOB, WHO, notice, now=lambda: now, instance="pod")
    assert isinstance(request.body, dict)
    return request.body


def test_it_says_what_happened_to_whom() -> None:
    said = event("It started.")

    assert (said["type"], said["reason"], said["note"]) == ("Warning", "Started", "It started.")
    assert said["eventTime"] == "2026-01-01T00:00:00.000000Z"
    assert said["regarding"] == {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "namespace": "team",
        "name": "train",
        "uid": "u",
        "resourceVersion": "7",
    }


def test_the_same_words_have_the_same_name_and_others_another() -> None:
    assert event("a")["metadata"] == event("a")["metadata"]
    assert event("a")["metadata"] != event("b")["metadata"]
    assert event("a")["metadata"] != event("a", reason="Ended")["metadata"]


def test_a_note_is_cut_by_bytes_and_stays_readable() -> None:
    note = event("ä" * MAX_NOTE)["note"]

    assert note == "ä" * (MAX_NOTE // 2)
