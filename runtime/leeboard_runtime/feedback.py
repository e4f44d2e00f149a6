"""`POST /feedback`: labels that come late, each with the token that its prediction was answered with.

    body       {"token": "...", "label": 1}, or a list of at most 1,024 of them
    answers    200 {"accepted": n}     400 {"accepted": n, "refused": [{"index": i, "error": "..."}]}     401, 413, 503

What is accepted is not undone by what is refused, and a body that is sent again counts nothing twice.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from leeboard_runtime.errors import Refusal
from leeboard_runtime.labels import COHORT_SECONDS, LabelSample, Taken
from leeboard_runtime.outcomes import NO_CLASS, OutcomeReader, Task
from leeboard_runtime.tokens import ForgedTokenError, Keyring
from leeboard_runtime.values import BAD_REQUEST, shown
from leeboard_runtime.watched import Watched

MOST_LABELS = 1024
SHOWN_CLASSES = 12
BEARER = b"Bearer "
COUNTED = ("kept", "notSampled", "duplicate", "conflict", "forged", "expired", "foreign", "invalid", "unauthorized")


class Judge:
    """Whether a label is one of the model's: a class's index, or for a regression a finite number."""

    def __init__(self, task: Task, classes: tuple[str, ...]) -> None:
        self._task = task
        self._reader = OutcomeReader(task, classes)
        shown_classes = ", ".join(f'"{name}"' for name in classes[:SHOWN_CLASSES])
        more = f" and {len(classes) - SHOWN_CLASSES} more" if len(classes) > SHOWN_CLASSES else ""
        self._expected = "a finite number" if task is Task.REGRESSION else f"one of the classes {shown_classes}{more}"

    def label(self, given: object) -> float:
        """The label as it is counted. Raises Refusal."""
        if isinstance(given, bool | int | float | str) and (isinstance(given, str) or math.isfinite(given)):
            if self._task is Task.REGRESSION:
                if not isinstance(given, bool | str):
                    return given
            else:
                index = self._reader.class_of(given)
                if index == NO_CLASS and isinstance(given, float) and given.is_integer():
                    index = self._reader.class_of(int(given))
                if index != NO_CLASS:
                    return index
        raise Refusal(BAD_REQUEST, f"label {shown(given)} must be {self._expected}")


class Feedback:
    """Takes labels of one version; ``clock`` is Unix time."""

    def __init__(
        self,
        judge: Judge,
        version: bytes,
        *,
        keys: Watched[Keyring],
        credential: Watched[bytes],
        longest_delay_seconds: float,
        cohort_seconds: int = COHORT_SECONDS,
        clock: Callable[[], float],
    ) -> None:
        self._judge = judge
        self._version = version
        self._keys = keys
        self.credential = credential
        self._longest_delay = longest_delay_seconds
        self._clock = clock
        self.sample = LabelSample(cohort_seconds=cohort_seconds)
        self.counted = dict.fromkeys(COUNTED, 0)

    def authorize(self, header: bytes | None) -> None:
        """Raises Refusal(401) unless the header carries the credential."""
        given = (header or b"").removeprefix(BEARER)
        if header is None or given == header or not hmac.compare_digest(given, self.credential.value):
            self.counted["unauthorized"] += 1
            raise Refusal(401, "Authorization must be Bearer and the credential of /feedback")

    def take(self, body: bytes) -> tuple[int, bytes]:
        """Status and answer to an authorized request. Raises Refusal where nothing of the body can be read."""
        if not self._keys.value:
            raise Refusal(503, "this server has no keys for tokens yet")
        try:
            given = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Refusal(BAD_REQUEST, f"the request is not JSON: {error}") from None
        labels = given if type(given) is list else [given]
        if len(labels) > MOST_LABELS:
            raise Refusal(413, f"{len(labels)} labels are over {MOST_LABELS} in one request")
        refused = []
        for index, one in enumerate(labels):
            try:
                self._take(one)
            except Refusal as refusal:
                refused.append({"index": index, "error": refusal.message})
        accepted = len(labels) - len(refused)
        if refused:
            return BAD_REQUEST, orjson.dumps({"accepted": accepted, "refused": refused})
        return 200, orjson.dumps({"accepted": accepted})

    def _take(self, one: Any) -> None:  # noqa: ANN401 - decoded JSON, checked here
        if type(one) is not dict or type(one.get("token")) is not str or "label" not in one:
            self._refuse("invalid", "must be an object of token, a text, and label")
        try:
            opened = self._keys.value.open(one["token"])
        except ForgedTokenError:
            self._refuse("forged", "token: not one of this service, or changed on its way")
        if opened.version != self._version:
            self._refuse("foreign", "token: of another version of the model than this server's")
        if self._clock() - opened.sealed.at > self._longest_delay:
            self._refuse("expired", f"token: older than {self._longest_delay:g} s")
        try:
            label = self._judge.label(one["label"])
        except Refusal as refusal:
            self._refuse("invalid", refusal.message)
        taken = self.sample.take(opened, label)
        if taken is Taken.CONFLICT:
            self._refuse(taken, "label: another one was given for this token, and the first one stays")
        self.counted[taken] += 1

    def _refuse(self, kind: str, sentence: str) -> NoReturn:
        self.counted[kind] += 1
        raise Refusal(BAD_REQUEST, sentence)
