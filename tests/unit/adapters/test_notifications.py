"""Notifications over real sockets: sent once, tried again within bounds, never in anybody's way."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from leeboard.adapters.http_client import HttpClient, Limits
from leeboard.adapters.notifications import Desk, Notifier
from leeboard.adapters.notifications.mailbox import retry_after
from leeboard.api.names import Kind
from leeboard.api.resource import Metadata
from leeboard.metrics import Metrics
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.topics import Endpoint, Format
from tests.unit.adapters.notified import DRIFT, NOW, QUICK, SECONDS, Hook, a_service, told


async def test_a_notice_is_posted_once_as_the_documented_document(tmp_path: Path) -> None:
    async with told(tmp_path, Hook()) as scene:
        scene.tell()
        await scene.until_counted(sent=1)
        (body,) = scene.hook.bodies
    assert body.pop("id").isalnum()
    assert scene.hook.paths == ["/services/T0/secret"]
    assert body == {
        "version": "leeboard.dev/notification/v1",
        "time": "2026-03-01T12:00:00Z",
        "topic": "Drift",
        "type": "Warning",
        "reason": "DriftDetected",
        "message": DRIFT.message,
        "cluster": "west",
        "object": {"kind": "InferenceService", "namespace": "team", "name": "loans", "uid": "uid-of-loans"},
        "missed": 0,
    }


async def test_slack_gets_a_text_in_which_nobody_can_be_mentioned(tmp_path: Path) -> None:
    async with told(tmp_path, Hook(), format=Format.SLACK) as scene:
        scene.say("<!channel> a & b <https://evil.example|here>")
        await scene.until_counted(sent=1)
    assert scene.hook.bodies == [
        {
            "text": ":warning: *DriftDetected* InferenceService `team/loans` on west\n"
            "&lt;!channel&gt; a &amp; b &lt;https://evil.example|here&gt;"
        }
    ]


async def test_what_nobody_wants_to_hear_and_what_was_just_said_is_not_posted(tmp_path: Path) -> None:
    async with told(tmp_path, Hook(), namespaces=("team",)) as scene:
        scene.tell(Notice(NoticeType.NORMAL, "StepStarted", "weight 10"))
        scene.notifier.offer(Kind.INFERENCE_SERVICE, Metadata(name="x", namespace="other", uid="1"), DRIFT)
        scene.tell()
        scene.tell()
        scene.say("again, later")
        scene.tell()
        await scene.until_counted(sent=3)
    assert [body["message"] for body in scene.hook.bodies] == [DRIFT.message, "again, later", DRIFT.message]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_what_may_pass_is_tried_again_until_it_works(tmp_path: Path, status: int) -> None:
    async with told(tmp_path, Hook([status, status, 204])) as scene:
        scene.tell()
        await scene.until_counted(sent=1)
    assert len({body["id"] for body in scene.hook.bodies}) == 1
    assert len(scene.hook.bodies) == 3


async def test_attempts_are_bounded_and_the_next_message_says_what_is_missing(tmp_path: Path) -> None:
    async with told(tmp_path, Hook([500] * QUICK.attempts + [200])) as scene:
        scene.say("lost")
        scene.say("told")
        await scene.until_counted(sent=1, failed=1)
        scene.say("after that")
        await scene.until_counted(sent=2, failed=1)
    assert [(body["message"], body["missed"]) for body in scene.hook.bodies[QUICK.attempts :]] == [
        ("told", 1),
        ("after that", 0),
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 302])
async def test_a_refusal_is_not_tried_again_and_a_redirect_not_followed(tmp_path: Path, status: int) -> None:
    async with told(tmp_path, Hook([status, 200], headers={"Location": "/elsewhere"})) as scene:
        scene.tell()
        await scene.until_counted(failed=1)
    assert scene.hook.paths == ["/services/T0/secret"]


async def test_an_endpoint_that_asks_for_time_gets_it_within_bounds(tmp_path: Path) -> None:
    patient = replace(QUICK, longest_wait_seconds=0.3)
    async with told(tmp_path, Hook([429, 200], headers={"Retry-After": "3600"}), patient) as scene:
        scene.tell()
        await scene.until_counted(sent=1)
    first, second = scene.hook.at
    assert 0.29 <= second - first < 3.0


async def test_one_that_does_not_answer_is_left_after_its_time(tmp_path: Path) -> None:
    hasty = replace(QUICK, attempts=2, limits=Limits(seconds=0.05, bytes=1024))
    async with told(tmp_path, Hook(slowness=5), hasty) as scene:
        scene.tell()
        await scene.until_counted(failed=1)
    assert len(scene.hook.bodies) == 2


async def test_one_that_is_down_gets_what_waited_when_it_is_back(tmp_path: Path) -> None:
    stubborn = replace(QUICK, attempts=1000, longest_wait_seconds=0.005)
    async with told(tmp_path, Hook(), stubborn) as scene:
        url = scene.folder / "url"
        up = url.read_text()
        url.write_text("http://127.0.0.1:1/")
        scene.tell()
        scene.say("second")
        url.write_text(up)
        await scene.until_counted(sent=2)
    assert [body["message"] for body in scene.hook.bodies] == [DRIFT.message, "second"]


async def test_a_flood_of_one_object_leaves_room_for_the_others(tmp_path: Path) -> None:
    async with told(tmp_path, Hook(), per_minute=10) as scene:
        for number in range(100):
            scene.say(f"flap {number}")
        scene.say("mine", of="other")
        await scene.until_counted(sent=QUICK.object_burst + 1, limited=100 - QUICK.object_burst)
        scene.clock = 60.0
        scene.say("a minute later")
        await scene.until_counted(sent=QUICK.object_burst + 2, limited=100 - QUICK.object_burst)
        scene.say("too soon")
        assert scene.counted() == {"sent": QUICK.object_burst + 2, "limited": 101 - QUICK.object_burst}
    told_of = [(body["object"]["name"], body["message"], body["missed"]) for body in scene.hook.bodies]
    assert told_of[-2][:2] == ("other", "mine")
    assert told_of[-1][:2] == ("loans", "a minute later")
    assert sum(missed for *_, missed in told_of) == 95


async def test_an_endpoint_gets_no_more_than_its_rate_whoever_speaks(tmp_path: Path) -> None:
    async with told(tmp_path, Hook(), per_minute=3) as scene:
        for number in range(20):
            scene.say("drift", of=f"service-{number}")
        await scene.until_counted(sent=3, limited=17)
        scene.clock = 20.0
        scene.say("drift", of="late")
        await scene.until_counted(sent=4, limited=17)
    assert scene.hook.bodies[-1]["object"]["name"] == "late"


async def test_what_does_not_fit_is_dropped_and_offering_never_waits(tmp_path: Path) -> None:
    small = replace(QUICK, queue=2, object_burst=1000)
    async with told(tmp_path, Hook(), small, is_started=False, per_minute=600) as scene:
        for number in range(500):
            scene.say(f"{number}")
        assert scene.counted() == {"dropped": 498}
        scene.notifier.start()
        await scene.until_counted(sent=2, dropped=498)
    assert [(body["message"], body["missed"]) for body in scene.hook.bodies] == [("0", 498), ("1", 0)]


async def test_only_a_leader_tells(tmp_path: Path) -> None:
    async with told(tmp_path, Hook()) as scene:
        scene.is_leader = False
        scene.tell()
        scene.is_leader = True
        scene.say("as a leader")
        await scene.until_counted(sent=1)
        scene.hook.statuses, scene.hook.slowness = [500], 0.05
        scene.say("not any more")
        await scene.until(lambda: len(scene.hook.bodies) == 2)
        scene.is_leader = False
        await scene.until_counted(sent=1, failed=1)
    assert [body["message"] for body in scene.hook.bodies] == ["as a leader", "not any more"]


@pytest.mark.parametrize("content", [None, "", "ftp://x", "http://a b", f"http://{'x' * 3000}"])
async def test_without_a_usable_url_it_is_counted_and_the_log_never_quotes_it(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    async with told(tmp_path, Hook()) as scene:
        if content is None:
            (tmp_path / "url").unlink()
        else:
            (tmp_path / "url").write_text(content)
        scene.tell()
        await scene.until_counted(failed=1)
    printed = capsys.readouterr().out
    assert "notification not sent" in printed
    assert content is None or not content or content not in printed


async def test_what_waits_at_the_end_still_goes_out(tmp_path: Path) -> None:
    async with told(tmp_path, Hook(slowness=0.02)) as scene:
        scene.tell()
        scene.say("last words")
        await scene.notifier.stop(seconds=SECONDS)
        assert scene.counted() == {"sent": 2}


async def test_the_end_does_not_wait_for_an_endpoint_that_hangs(tmp_path: Path) -> None:
    async with told(tmp_path, Hook(slowness=30), replace(QUICK, limits=Limits(30.0, 1024))) as scene:
        scene.tell()
        await scene.until(lambda: len(scene.hook.bodies) == 1)
        begun = time.monotonic()
        await scene.notifier.stop(seconds=0.05)
        assert time.monotonic() - begun < 5
        assert scene.counted() == {}


async def test_an_endpoint_that_hangs_delays_neither_the_loop_nor_the_others(tmp_path: Path) -> None:
    slow, quick = Hook(slowness=30), Hook()
    async with told(tmp_path, slow) as scene, told(tmp_path, quick) as other:
        endpoints = {}
        for name, port in (("slow", scene.port), ("quick", other.port)):
            (tmp_path / name).write_text(f"http://127.0.0.1:{port}/")
            endpoints[name] = Endpoint(url_file=str(tmp_path / name), per_minute=600)
        http = HttpClient(connections=4)
        desk = Desk(http, Metrics(), steady=time.monotonic, now=lambda: NOW, may_send=lambda: True, terms=QUICK)
        notifier = Notifier(endpoints, desk, cluster="west")
        notifier.start()
        begun = time.monotonic()
        for number in range(200):
            notifier.offer(Kind.INFERENCE_SERVICE, a_service(f"s{number}"), DRIFT)
        assert time.monotonic() - begun < 1.0
        await other.until(lambda: len(quick.bodies) == QUICK.queue)
        await notifier.stop(seconds=0)
        await http.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
    ],
)
def test_how_long_an_endpoint_wants_to_be_left_alone(header: str, seconds: float) -> None:
    assert retry_after(header, now=NOW) == seconds
