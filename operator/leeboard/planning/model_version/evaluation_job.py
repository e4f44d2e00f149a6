"""The pod that compares two versions: its containers run one after the other, over volumes of their own.

    rows, candidate, champion (credentials: they fetch) ─> select (none) ─> answer-candidate, answer-champion (none:
    each loads a model and sees no labels) ─> compare (none: the answers are a stranger's; its message is the result)

What a model leaves behind are its answers. Nothing with credentials runs after a model, none sees the other's answers,
and each container behind ``select`` has temporary files of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leeboard.api.evaluation import VersionEvaluation
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind, Label, owner_labels
from leeboard.api.resource import Manifest
from leeboard.planning.defaults import Defaults
from leeboard.planning.model_version.champion import Side
from leeboard.planning.model_version.facts import EVALUATION, evaluation_job_name
from leeboard.planning.model_version.pods import (
    container,
    fetching,
    mount,
    one_after_the_other,
    one_pod_job,
    read_only,
)
from leeboard.planning.pod_template import TMP_PATH, literal

ROWS, SELECT, COMPARE = "rows", "select", "compare"
CANDIDATE, CHAMPION = "candidate", "champion"
VOLUMES: dict[str, str | None] = {
    "rows": "2200Mi",
    "profiles": "256Mi",
    "inputs": "2200Mi",
    "labels": "256Mi",
    **{f"{who}-{what}": limit for who in (CANDIDATE, CHAMPION) for what, limit in (
        ("model", None), ("answers", "64Mi"), ("tmp", "256Mi"),
    )},
    "compare-tmp": "64Mi",
}  # fmt: skip
"""With the limits of their sizes, by name."""


@dataclass(frozen=True, slots=True)
class Match:
    """One attempt at comparing a version with the one that serves."""

    resource: ModelVersion
    evaluation: VersionEvaluation
    candidate: Side
    champion: Side
    defaults: Defaults
    attempt: int

    @property
    def sides(self) -> tuple[tuple[str, Side], tuple[str, Side]]:
        """Both, by the part that they play."""
        return (CANDIDATE, self.candidate), (CHAMPION, self.champion)


def evaluation_job(match: Match) -> Manifest:
    """The Job of one attempt."""
    metadata, spec = match.resource.metadata, match.resource.spec
    labels = {
        **owner_labels(Kind.MODEL_VERSION, name=metadata.name, uid=metadata.uid),
        Label.ATTEMPT: str(match.attempt),
        Label.TASK: EVALUATION,
        Label.MODEL: spec.model,
        Label.MODEL_VERSION: metadata.name,
    }
    name = evaluation_job_name(match.resource, match.attempt)
    template = one_after_the_other(list(_containers(match)), VOLUMES, match.defaults)
    return one_pod_job(match.resource, template, name=name, labels=labels)


def _containers(match: Match) -> Iterator[Manifest]:
    uri = literal(match.evaluation.dataset.uri)
    arguments = ["fetch-reference", f"--reference-uri={uri}", "--reference=/mnt/rows/rows"]
    yield fetching(match.defaults, ROWS, arguments, mounts=[mount("rows", "/mnt/rows")])
    yield from (_fetch(match, who, side) for who, side in match.sides)
    yield _select(match)
    yield from (_answer(match, who, side) for who, side in match.sides)
    yield _compare(match)


def _fetch(match: Match, who: str, side: Side) -> Manifest:
    """The files and the profile of one version."""
    arguments = [
        "fetch",
        f"--model-uri={side.artifact.uri}",
        f"--destination=/mnt/{who}-model",
        f"--digest={side.artifact.digest}",
    ]
    if side.profile is not None:
        arguments += [
            f"--profile-uri={side.profile.uri}",
            f"--profile-digest={side.profile.digest}",
            f"--profile=/mnt/profiles/{who}.json",
        ]
    mounts = [mount(f"{who}-model", f"/mnt/{who}-model"), mount("profiles", "/mnt/profiles")]
    return fetching(match.defaults, who, arguments, mounts=mounts)


def _select(match: Match) -> Manifest:
    """Loads no model; the only one beside ``compare`` that sees labels."""
    arguments = ["select-rows", *_source(match), f"--target={literal(match.evaluation.target)}"]
    for who, side in match.sides:
        arguments += [f"--{who}-version={side.version}", f"--{who}-made={side.made}"]
        if side.profile is not None:
            arguments.append(f"--{who}-profile=/mnt/profiles/{who}.json")
    arguments += ["--rows=/mnt/rows/rows", "--inputs=/mnt/inputs", "--labels=/mnt/labels"]
    mounts = [
        read_only("rows", "/mnt/rows"),
        read_only("profiles", "/mnt/profiles"),
        mount("inputs", "/mnt/inputs"),
        mount("labels", "/mnt/labels"),
    ]
    return container(match.defaults, SELECT, arguments, mounts=mounts)


def _answer(match: Match, who: str, side: Side) -> Manifest:
    """Loads a model."""
    arguments = [
        "answer",
        f"--model=/mnt/{who}-model",
        f"--model-name={match.resource.spec.model}",
        f"--model-version={side.version}",
        f"--model-digest={side.artifact.digest}",
        *_source(match),
        "--inputs=/mnt/inputs",
        f"--answers=/mnt/{who}-answers/answers.json",
    ]
    mounts = [
        read_only(f"{who}-model", f"/mnt/{who}-model"),
        read_only("inputs", "/mnt/inputs"),
        mount(f"{who}-answers", f"/mnt/{who}-answers"),
        mount(f"{who}-tmp", TMP_PATH),
    ]
    return container(match.defaults, f"answer-{who}", arguments, mounts=mounts)


def _compare(match: Match) -> Manifest:
    arguments = ["compare-answers", "--labels=/mnt/labels"]
    mounts = [read_only("labels", "/mnt/labels"), mount("compare-tmp", TMP_PATH)]
    for who, side in match.sides:
        arguments += [f"--{who}-version={side.version}", f"--{who}-answers=/mnt/{who}-answers/answers.json"]
        mounts.append(read_only(f"{who}-answers", f"/mnt/{who}-answers"))
    return container(match.defaults, COMPARE, arguments, mounts=mounts)


def _source(match: Match) -> Iterator[str]:
    """How the rows are read."""
    evaluation = match.evaluation
    yield f"--source={literal(evaluation.dataset.uri)}"
    yield f"--time-column={literal(evaluation.time_column)}"
    if evaluation.dataset.format:
        yield f"--format={evaluation.dataset.format}"
