"""Marks of data that change when the data do, and only then."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from leeboard_runtime import data_mark as module
from leeboard_runtime.cli import main
from leeboard_runtime.data_mark import Place, path_mark, place_of, s3_mark
from leeboard_runtime.errors import PermanentFault, Reason, TransientFault
from leeboard_runtime.s3_signature import Credentials, Question, signed_headers
from leeboard_runtime.termination import PATH_VARIABLE

KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def test_a_signature_is_the_one_of_the_published_example() -> None:
    headers = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"}
    at = datetime(2013, 5, 24, tzinfo=UTC)
    sent = signed_headers(Question("GET", "/test.txt", headers), KEYS, region="us-east-1", at=at)
    assert sent["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


class Store(ThreadingHTTPServer):
    """Objects by path, for who signs with the key; it signs what it heard itself and compares."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, dict[str, str]] = {}
        self.keys: Credentials | None = KEYS
        self.status = 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def place(self) -> Place:
        return Place(f"http://127.0.0.1:{self.server_port}", "eu-test-1", self.keys)


class _Handler(BaseHTTPRequestHandler):
    server: Store

    def do_HEAD(self) -> None:
        found = self.server.objects.get(self.path)
        status = self.server.status if found is not None else 404
        self.send_response(status if self.is_signed() else 403)
        for name, value in (found or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def is_signed(self) -> bool:
        if self.server.keys is None:
            return "Authorization" not in self.headers
        named = self.headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        own = {"x-amz-content-sha256", "x-amz-date", "x-amz-security-token"}
        heard = {name: self.headers[name] for name in named if name not in own}
        at = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        expected = signed_headers(Question("HEAD", self.path, heard), self.server.keys, region="eu-test-1", at=at)
        return expected["Authorization"] == self.headers["Authorization"]

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def store() -> Iterator[Store]:
    server = Store()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "keys", [KEYS, Credentials("temporary", "secret", "token"), None], ids=["key", "token", "none"]
)
def test_an_object_is_marked_by_its_etag(store: Store, keys: Credentials | None) -> None:
    store.keys = keys
    store.objects["/loans/2026/new%20rows%2B.csv"] = {"ETag": '"one"', "Last-Modified": "today"}
    first = s3_mark("s3://loans/2026/new rows+.csv", store.place)
    store.objects["/loans/2026/new%20rows%2B.csv"]["Last-Modified"] = "tomorrow"
    assert s3_mark("s3://loans/2026/new rows+.csv", store.place) == first
    store.objects["/loans/2026/new%20rows%2B.csv"]["ETag"] = '"two"'
    assert s3_mark("s3://loans/2026/new rows+.csv", store.place) != first


def test_another_secret_is_refused(store: Store) -> None:
    store.objects["/loans/x"] = {"ETag": "one"}
    other = store.place._replace(credentials=Credentials(KEYS.key, "another"))
    with pytest.raises(PermanentFault, match="the answer is 403") as caught:
        s3_mark("s3://loans/x", other)
    assert caught.value.reason == Reason.ACCESS_DENIED


@pytest.mark.parametrize(
    ("status", "headers", "kind", "reason"),
    [
        (200, {}, PermanentFault, Reason.DATA_INVALID),
        (301, {"x-amz-bucket-region": "eu-west-1"}, PermanentFault, Reason.DATA_INVALID),
        (404, {}, PermanentFault, Reason.DATA_NOT_FOUND),
        (503, {}, TransientFault, Reason.DATA_UNAVAILABLE),
    ],
)
def test_what_is_not_told_is_a_fault_and_never_a_mark(
    store: Store, status: int, headers: dict[str, str], *, kind: type[Exception], reason: Reason
) -> None:
    store.status = status
    store.objects["/loans/x"] = headers
    with pytest.raises(kind) as caught:
        s3_mark("s3://loans/x", store.place)
    assert caught.value.reason == reason  # type: ignore[attr-defined]
    assert ("set AWS_REGION" in str(caught.value)) == (status == 301)


def test_a_store_that_does_not_answer_is_asked_again(store: Store) -> None:
    place = store.place
    store.shutdown()
    store.server_close()
    with pytest.raises(TransientFault, match="does not answer"):
        s3_mark("s3://loans/x", place)


def test_where_and_as_whom_is_told_by_the_usual_variables() -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    assert place_of({}) == Place("https://s3.us-east-1.amazonaws.com", "us-east-1", None)
    assert place_of({**keys, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://minio:9000/"}) == Place(
        "http://minio:9000", "eu-west-1", Credentials("a", "b", "c")
    )
    with pytest.raises(PermanentFault, match="given together"):
        place_of({"AWS_ACCESS_KEY_ID": "a"})
    with pytest.raises(PermanentFault, match="AWS_ENDPOINT_URL"):
        place_of({"AWS_ENDPOINT_URL": "minio:9000"})


def test_a_folder_is_marked_by_names_sizes_and_times(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    rows = tmp_path / "a" / "rows.csv"
    rows.write_text("1")
    os.utime(rows, ns=(1, 1))
    marks = [path_mark(tmp_path)]
    assert path_mark(tmp_path) == marks[0]
    rows.write_text("2")
    os.utime(rows, ns=(1, 2))
    marks.append(path_mark(tmp_path))
    rows.write_text("22")
    os.utime(rows, ns=(1, 2))
    marks.append(path_mark(tmp_path))
    rows.rename(tmp_path / "a" / "more.csv")
    marks.append(path_mark(tmp_path))
    (tmp_path / "b").write_text("")
    marks.append(path_mark(tmp_path))
    marks.append(path_mark(tmp_path / "b"))
    assert len(set(marks)) == len(marks)


def test_what_is_not_there_or_too_much_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PermanentFault, match="does not exist"):
        path_mark(tmp_path / "missing")
    monkeypatch.setattr(module, "MOST_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()
    with pytest.raises(PermanentFault, match="more than 2 files"):
        path_mark(tmp_path)


def test_the_command_tells_the_mark_as_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "message"))
    (tmp_path / "rows.csv").write_text("1")
    assert main(["data-mark", f"--path={tmp_path / 'rows.csv'}"]) == 0
    assert json.loads((tmp_path / "message").read_text()) == {"mark": path_mark(tmp_path / "rows.csv")}
    assert main(["data-mark", "--uri=https://loans"]) == 2
    assert json.loads((tmp_path / "message").read_text())["reason"] == "DataInvalid"
