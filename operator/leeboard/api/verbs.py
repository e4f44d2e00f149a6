"""What a person may ask of a running service: verbs, the annotation that carries a request, and its form.

An annotation bumps no generation, so a request is answered by its id: ``status.request.id``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from leeboard.api.names import GROUP

REQUEST = f"{GROUP}/request"
"""Annotation on the InferenceService: ``VERB/ID/REVISION``."""
REQUESTED_BY = f"{GROUP}/requested-by"
"""Annotation with the name of the user who set ``REQUEST``; admission compares it with the API server's own."""


class RequestVerb(StrEnum):
    """What may be asked for; each is also a custom verb of RBAC on inferenceservices."""

    PROMOTE = "promote"
    ABORT = "abort"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    SKIP_STEP = "skip-step"
    ROLLBACK = "rollback"
    RESTART = "restart"
    RETRAIN = "retrain"


ID_FORM = "[a-z0-9](?:[-a-z0-9]{0,62}[a-z0-9])?"
REVISION_FORM = "(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)?"
REQUEST_FORM = f"^({'|'.join(RequestVerb)})/({ID_FORM})/({REVISION_FORM})$"
"""Form of the annotation, for Python and for RE2."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what, under which id, and the revision that it concerns (empty: whichever it is)."""

    verb: RequestVerb
    id: str
    revision: str = ""

    def __str__(self) -> str:
        """The annotation's value."""
        return f"{self.verb}/{self.id}/{self.revision}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The request that an annotation holds; None for anything else."""
        found = re.fullmatch(REQUEST_FORM, text)
        return cls(RequestVerb(found[1]), found[2], found[3]) if found else None
