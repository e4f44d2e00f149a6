"""One pass over an InferenceService: which version, which part each revision plays, what to write, what to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.api.rollout_status import CheckStatus
from leeboard.planning import traffic
from leeboard.planning.autoscaling import unmeasured
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service import evidence
from leeboard.planning.inference_service.appointments import LOOK_AGAIN, appointments
from leeboard.planning.inference_service.blocks import block_of, standing
from leeboard.planning.inference_service.capacity import full_replicas
from leeboard.planning.inference_service.counsel import Counsel
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.inference_service.foreseeing import forecast_of
from leeboard.planning.inference_service.job_checks import job_writes
from leeboard.planning.inference_service.judgements import judgements, refused_judgements, unknown_judgements
from leeboard.planning.inference_service.known import Known, manifests, trouble_now, version_that_serves
from leeboard.planning.inference_service.memory import memory_writes, reminded
from leeboard.planning.inference_service.notices import flips
from leeboard.planning.inference_service.offers import Offers
from leeboard.planning.inference_service.picture import Picture
from leeboard.planning.inference_service.progress import progress
from leeboard.planning.inference_service.report import MEASURE_INTERVAL, status_of, unserved
from leeboard.planning.inference_service.requests import consume
from leeboard.planning.inference_service.revisions import desired_revision
from leeboard.planning.inference_service.roles import advance, recover
from leeboard.planning.inference_service.routing import Routing, routing_of
from leeboard.planning.inference_service.scene import Scene, Splitter
from leeboard.planning.inference_service.stand import Signs
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import Course, course_of, is_undecided, leg_at
from leeboard.planning.inference_service.target import Choice, Refused, Target, choose
from leeboard.planning.inference_service.world import world_of
from leeboard.planning.inference_service.writes import Stage, writes
from leeboard.planning.moments import since
from leeboard.planning.monitoring import keeping
from leeboard.planning.monitoring.sight import sight_of
from leeboard.planning.plan import Plan
from leeboard.planning.retraining.probes import Looks, marks_of, probe_writes, probes_of
from leeboard.planning.serving import RUNTIMES, check_findings


def plan(resource: InferenceService, facts: InferenceServiceFacts, *, defaults: Defaults, now: datetime) -> Plan:
    """What should be written and said; a part of the world that is Unknown changes nothing."""
    if resource.metadata.deletion_timestamp is not None:
        return Plan()
    if resource.metadata.namespace == defaults.operator_namespace:
        message = f"{resource.metadata.namespace} is the operator's own namespace: use another one"
        said = refused_judgements(ServiceReason.NAMESPACE_REFUSED, message)
        return Plan(status=unserved(resource, said, now=now, phase="Degraded"))
    world, versions = world_of(resource, facts), facts.model_versions
    if isinstance(world, Unknown):
        return _hold(resource, world, now=now)
    if isinstance(versions, Unknown):
        return _hold(resource, versions, now=now)
    rejections = standing(resource, facts.rejections, world=world)
    known = Known(resource, facts, Offers(resource, world, versions, defaults, now), rejections)
    chosen = traffic.choose(resource, defaults, has_gateway_api=facts.routes is not None)
    if isinstance(chosen, traffic.Refused):
        return _without_road(known, Refused(chosen.reason, chosen.message))
    return _planned(known, Splitter(chosen.provider, traffic.PROVIDERS[chosen.provider], chosen.gateway))


def _planned(known: Known, splitter: Splitter) -> Plan:
    """Observe, advance the parts and the step, write towards them, say what is true now."""
    resource, world, now = known.resource, known.world, known.now
    before = State.of(resource.status)
    course, full = course_of(resource.spec.rollout), full_replicas(resource, world, before.stable)
    scene = Scene(resource, world, splitter, None, full, course, now)
    state = recover(before, scene)
    if before.stable is None:
        state = reminded(state, scene, known.offers)
    choice = _choice(known, state, splitter)
    scene = replace(scene, desired=_desired(known, choice, state))
    counsel = _counsel(known)
    state = advance(consume(state, scene, known.offers, counsel=counsel), scene)
    window = 0 if state.step is None else leg_at(course, state.step.index).seconds
    found = evidence.findings_of(resource, known.facts, state, world=world, window_seconds=window, now=now)
    is_new = state.canary is not None and (before.canary is None or before.canary.name != state.canary.name)
    state = progress(state, scene, replace(_signs(known, state, found, course=course), is_new=is_new))
    state, routing = routing_of(state, scene, is_new=is_new)
    if counsel is not None and state.retrained is None:
        state = replace(state, retrained=counsel.decided(state))
    return _told(known, _Pass(scene, state, routing, choice, found, counsel))


@dataclass(frozen=True, slots=True)
class _Pass:
    """What was decided."""

    scene: Scene
    state: State
    routing: Routing
    choice: Choice
    found: evidence.Findings
    counsel: Counsel | None


def _told(known: Known, decided: _Pass) -> Plan:
    """Writes, status, notices and appointments of what was decided."""
    resource, scene, state, routing = known.resource, decided.scene, decided.state, decided.routing
    counsel, retrained = decided.counsel, state.retrained
    gets_some = routing.split is not None and state.canary is not None and routing.split.reaches(state.canary.name)
    gets_some |= is_undecided(resource.spec.rollout.analysis, state.step)
    kept = evidence.kept(decided.found, state, has_requests=gets_some and state.stable is not None, now=known.now)
    stored = (
        *evidence.evidence_writes(resource, known.world, kept, findings=decided.found),
        *memory_writes(resource, known.world, state),
        *job_writes(resource, known.facts, state, world=known.world),
        *probe_writes(probes_of(resource.spec.retraining), _looks(known), known.offers.defaults),
        *keeping.memory_writes(resource.metadata, known.world.config_maps, known.facts.watch),
    )
    trainings = () if counsel is None or retrained is None else counsel.writes(retrained, state)
    made = manifests(known, state, beside=scene.companion(state))
    stage = Stage(state, scene, routing, made, known.rejections, stored, tuple(trainings))
    picture = _picture(known, state, decided.choice, scene=scene, routing=routing)
    said = (*judgements(picture), *picture.sight.said, *([retrained.judgement] if retrained else []))
    asked = () if counsel is None or retrained is None else counsel.appointments(retrained)
    checks = _checks(known, state, decided.found)
    return Plan(
        status=status_of(picture, said, checks=checks, evidence=kept, now=known.now),
        writes=writes(stage),
        notices=(*state.notices, *(retrained.notices if retrained else ()), *flips(resource.status, said)),
        requeue_after=min((*appointments(stage, is_measured=gets_some and kept is not None), *asked), default=None),
    )


def _without_road(known: Known, choice: Refused) -> Plan:
    """Nobody can split the requests: what is there stays as it is, and the status says what to do."""
    picture = _picture(known, State.of(known.resource.status), choice)
    said = (*judgements(picture), *picture.sight.said)
    status = known.resource.status
    told = status_of(picture, said, checks=status.checks, evidence=None, now=known.now)
    return Plan(status=told, notices=tuple(flips(status, said)))


def _picture(
    known: Known, state: State, choice: Choice, *, scene: Scene | None = None, routing: Routing | None = None
) -> Picture:
    """Everything that the conditions are judged by."""
    version = version_that_serves(known, state)
    return Picture(
        resource=known.resource,
        world=known.world,
        state=state,
        choice=choice,
        desired=None if scene is None else scene.desired,
        fingerprint=None if version is None else version.status.fingerprint,
        profile=None if version is None else version.status.profile,
        blocked=block_of(known.resource, known.rejections),
        trouble=trouble_now(known, state),
        scene=scene,
        routing=routing,
        sight=sight_of(
            known.facts.watch,
            known.resource,
            stable=None if state.stable is None else state.stable.name,
            canary=None if state.canary is None else state.canary.name,
        ),
    )


def _counsel(known: Known) -> Counsel | None:
    """Who decides on training again; nobody where the spec asks for none."""
    facts, spec = known.facts.retraining, known.resource.spec.retraining
    if facts is None or spec is None:
        return None
    facts = replace(facts, marks={**facts.marks, **marks_of(probes_of(spec), _looks(known))})
    versions = known.offers.versions
    return Counsel(known.resource, facts, known.facts.watch, versions, known.rejections, known.now)


def _looks(known: Known) -> Looks:
    """The pods that look at data."""
    return Looks(known.resource.metadata, known.world.jobs, known.world.pods, known.rejections, known.now)


def _choice(known: Known, state: State, splitter: Splitter) -> Choice:
    """The version that should serve; faults of template and steps are refused before anything is made from them."""
    resource = known.resource
    server = resource.spec.server
    faults = RUNTIMES[server.runtime].findings(server)
    if faults:
        return Refused(ServiceReason.INVALID_TEMPLATE, "; ".join(str(fault) for fault in faults))
    cannot = (*check_findings(resource.spec), *splitter.provider.findings(resource), *unmeasured(server))
    if cannot:
        return Refused(ServiceReason.INVALID_ROLLOUT, "; ".join(str(fault) for fault in cannot))
    return choose(resource, known.offers.versions, stable=state.stable)


def _desired(known: Known, choice: Choice, state: State) -> Revision | None:
    """The revision of the chosen version."""
    if not isinstance(choice, Target):
        return None
    defaults = known.offers.defaults
    return desired_revision(known.resource, choice, known=state.known, defaults=defaults, now=known.now)


def _signs(known: Known, state: State, found: evidence.Findings, *, course: Course) -> Signs:
    """What speaks for and against the canary."""
    before, analysis = known.resource.status.traffic, known.resource.spec.rollout.analysis
    seen = None if found.stored is None else found.now
    return Signs(
        ruling=found.ruling,
        judged_since=None if seen is None else seen.step_began,
        forecast=forecast_of(seen, analysis, step=state.step, course=course, now=known.now),
        trouble=trouble_now(known, state),
        asked=None if before is None else (before.asked, before.mirrored or 0),
        had_requests=found.stored is not None,
        is_quiet=_is_quiet(known),
    )


def _is_quiet(known: Known) -> bool:
    """Whether numbers were told a moment ago."""
    told = known.resource.status.traffic
    return told is not None and told.measured_at is not None and since(told.measured_at, known.now) < MEASURE_INTERVAL


def _checks(known: Known, state: State, found: evidence.Findings) -> tuple[CheckStatus, ...]:
    """The verdicts; the last ones stay to be read until the next rollout has some."""
    before = known.resource.status.checks
    if found.ruling is not None:
        is_same = [item.verdict for item in before] == [item.verdict for item in found.ruling.checks]
        return before if is_same and _is_quiet(known) else found.ruling.checks
    is_begun = state.canary is not None and state.step is not None and known.resource.status.canary != state.canary
    return () if is_begun else before


def _hold(resource: InferenceService, unknown: Unknown, *, now: datetime) -> Plan:
    """Nothing is written; conditions are Unknown only where nothing was ever known."""
    if resource.status.conditions:
        return Plan(requeue_after=LOOK_AGAIN)
    said = unknown_judgements(unknown.why)
    return Plan(status=unserved(resource, said, now=now, phase="Pending"), requeue_after=LOOK_AGAIN)
