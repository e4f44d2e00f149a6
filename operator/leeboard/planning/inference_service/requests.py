"""What a person asks for by an annotation: done or refused once, with a sentence and the next step.

A request is known by its id. It is refused when it is aimed at another revision than the one it would concern, and it
expires ten minutes after it was set, so that one that nobody read does not strike a later rollout.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.names import short_hash
from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.api.resource import Metadata
from leeboard.api.rollout_status import RequestOutcome, RequestStatus
from leeboard.api.verbs import REQUEST, REQUESTED_BY, Asked, RequestVerb
from leeboard.planning.inference_service.counsel import Counsel
from leeboard.planning.inference_service.offers import Offers
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.verbs import VERBS, Answer, Case, Done, No
from leeboard.planning.moments import since
from leeboard.planning.plan import NoticeType

LIFETIME = timedelta(minutes=10)


def consume(state: State, scene: Scene, offers: Offers, *, counsel: Counsel | None) -> State:
    """The state after the request of a person, if there is one that was not answered yet."""
    metadata = scene.resource.metadata
    text = metadata.annotations.get(REQUEST)
    if text is None:
        return state
    asked, by = Asked.parse(text), metadata.annotations.get(REQUESTED_BY, "")
    identity = short_hash(text) if asked is None else asked.id
    if state.request is not None and state.request.id == identity:
        return state
    record = RequestStatus(
        id=identity,
        verb=text.partition("/")[0][:32] if asked is None else asked.verb,
        revision="" if asked is None else asked.revision,
        by=by,
        at=timestamp(scene.now),
        outcome=RequestOutcome.REFUSED,
    )
    if asked is None:
        verbs = ", ".join(RequestVerb)
        return _recorded(
            state, record, RequestOutcome.REFUSED, message=f"it must read VERB/ID/REVISION with one of {verbs}"
        )
    if _is_expired(metadata, scene):
        return _recorded(
            state, record, RequestOutcome.EXPIRED, message="it was set more than 10 minutes ago: ask again"
        )
    match _answer(Case(asked, by, state, scene, offers, counsel)):
        case Done(after, message):
            return _recorded(after, record, RequestOutcome.DONE, message=message)
        case No(message):
            return _recorded(state, record, RequestOutcome.REFUSED, message=message)


def _recorded(state: State, record: RequestStatus, outcome: RequestOutcome, *, message: str) -> State:
    """The answer in status, and an event."""
    answered = RequestStatus.model_validate({**record.model_dump(), "outcome": outcome, "message": message})
    who = f" by {record.by}" if record.by else ""
    is_done = outcome is RequestOutcome.DONE
    event = ServiceEvent.REQUEST_DONE if is_done else ServiceEvent.REQUEST_REFUSED
    kind = NoticeType.NORMAL if is_done else NoticeType.WARNING
    return replace(state, request=answered).telling(event, f"{record.verb}{who}: {outcome}: {message}", kind=kind)


def _is_expired(metadata: Metadata, scene: Scene) -> bool:
    """Whether the annotation is older than a request lives; a time that nobody knows counts as fresh."""
    for entry in metadata.managed_fields:
        annotations = (entry.fields_v1.get("f:metadata") or {}).get("f:annotations") or {}
        if entry.time is not None and f"f:{REQUEST}" in annotations:
            return since(entry.time, scene.now) > LIFETIME
    return False


def _answer(case: Case) -> Answer:
    """Aim first, then the verb itself."""
    state, asked = case.state, case.asked
    concerned = state.canary or state.stable
    aims = {concerned.name} if concerned is not None else set()
    if asked.verb is RequestVerb.RETRY and case.scene.desired is not None:
        aims.add(case.scene.desired.name)
    if asked.revision and asked.revision not in aims:
        what = f"it concerns revision {concerned.name} now" if concerned else "there is none now"
        return No(f"it was aimed at revision {asked.revision}; {what}. Look again, then ask again")
    return VERBS[asked.verb](case)
