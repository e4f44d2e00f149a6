"""The server's reader of profiles: what it takes, and the member that it names when it does not."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from leeboard_runtime.channels import Kind, Measure, Role
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.profile_reading import parse_profile, read_profile
from tests.support.profile_document import channel, classes, encoded, feature, profile, score


def a_document() -> dict[str, Any]:
    return profile(
        [feature("income", limits=[-5, 5], importance=0.75), feature("city", "Category")],
        [
            channel("income", 0, edges=[-1, 0.5, 2]),
            channel("city", 1, "Category", values=["Bergen"], hashed=16, closed=True),
            score(0.25, 0.5),
            classes("0", "1"),
        ],
        known={"1": ["0123456789abcdef"]},
    )


def test_a_profile_is_read_with_the_digest_of_its_bytes(tmp_path: Path) -> None:
    content = encoded(a_document())
    (tmp_path / "profile.json").write_bytes(content)

    found = read_profile(tmp_path / "profile.json")

    assert found.digest == f"sha256:{sha256(content).hexdigest()}"
    assert [(f.name, f.kind, f.importance, f.limits) for f in found.features] == [
        ("income", Kind.NUMERIC, 0.75, (-5.0, 5.0)),
        ("city", Kind.CATEGORY, None, None),
    ]
    assert [(c.role, c.measure, c.cells) for c in found.channels] == [
        (Role.FEATURE, Measure.VALUE, 4),
        (Role.FEATURE, Measure.CATEGORY, 17),
        (Role.SCORE, Measure.VALUE, 3),
        (Role.CLASS, Measure.CATEGORY, 2),
    ]
    assert found.channels[1].known == {"0123456789abcdef"}
    assert (found.index_of(Role.SCORE), found.index_of(Role.CLASS)) == (2, 3)


def changed(*path: str | int, to: object) -> bytes:
    document = a_document()
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return encoded(document)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"{", "--profile: not JSON"),
        (b"[]", "--profile: must be an object"),
        (changed("schema", to=2), "--profile: schema is 2, this server reads 1"),
        (changed("task", to="Ranking"), "--profile: task is 'Ranking', known are Binary"),
        (changed("classes", to=["0", "0"]), "--profile: classes names a class twice"),
        (changed("classes", to=["0", "2"]), "--profile: channels[3].values must be the classes"),
        (changed("features", 0, to="income"), "--profile: features[0] must be an object"),
        (changed("features", 1, "kind", to="Colour"), "--profile: features[1].kind is 'Colour'"),
        (changed("features", 0, "limits", to=[5, -5]), "--profile: features[0].limits must be null or two numbers"),
        (changed("features", 0, "limits", to=[0, 5]), "--profile: channels[0].edges must lie within the limits"),
        (changed("features", 0, "importance", to="much"), "--profile: features[0].importance must be null or a number"),
        (changed("channels", to=None), "--profile: channels must be a list"),
        (changed("channels", 0, "edges", to=[2, 1]), "--profile: channels[0].edges must ascend"),
        (changed("channels", 0, "edges", to=[1, 1]), "--profile: channels[0].edges must ascend"),
        (changed("channels", 0, "edges", to=["a"]), "--profile: channels[0].edges must be a list of finite numbers"),
        (changed("channels", 0, "edges", to=None), "--profile: channels[0].edges measure Value has edges"),
        (changed("channels", 0, "feature", to=2), "--profile: channels[0].feature must be an index"),
        (changed("channels", 0, "feature", to=None), "--profile: channels[0].feature must be an index"),
        (changed("channels", 2, "feature", to=0), "--profile: channels[2].feature must be an index"),
        (changed("channels", 1, "hashed", to=-1), "--profile: channels[1].hashed must be a number of cells"),
        (changed("channels", 1, "closed", to=1), "--profile: channels[1].closed must be true or false"),
        (changed("channels", 1, "values", to=["a", "a"]), "--profile: channels[1].values must be different texts"),
        (changed("channels", 1, "measure", to="Empty"), "--profile: channels[1].values must be false and true"),
        (changed("known", "1", to=["Bergen"]), "--profile: known.1[0] must be 16 hexadecimal digits"),
    ],
)
def test_the_member_that_is_wrong_is_named(content: bytes, named: str) -> None:
    with pytest.raises(PermanentFault) as caught:
        parse_profile(content)
    assert caught.value.reason is Reason.MONITORING_INVALID
    assert caught.value.message.startswith(named)


@pytest.mark.parametrize("member", sorted(a_document().keys() - {"known"}))
def test_every_member_has_to_be_there(member: str) -> None:
    document = a_document()
    del document[member]
    with pytest.raises(PermanentFault, match=member):
        parse_profile(json.dumps(document).encode())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentFault, match=r"--profile: .*gone\.json cannot be read"):
        read_profile(tmp_path / "gone.json")
