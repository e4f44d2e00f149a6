"""What speaks against a training that is asked for. The list is the specification; the first that objects is told.

Cooldown counts from the END of the last training; each training for drift or loss after which it went on, and each that
brought nothing better, doubles it, up to seven days, and after three of them the circuit is open until a person asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.reasons_retraining import RetrainingReason
from leeboard.api.retraining_status import TriggerKind
from leeboard.planning.duration import seconds_of
from leeboard.planning.facts import Unknown
from leeboard.planning.retraining.signs import Candidate, Case
from leeboard.planning.retraining.wishes import Wish

FRUITLESS_LIMIT = 3
LONGEST_COOLDOWN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a training does not start now, and when that ends if it ends by itself."""

    reason: RetrainingReason
    message: str
    until: datetime | None = None

    def __str__(self) -> str:
        """A sentence, with when it ends."""
        return self.message if self.until is None else f"{self.message}; until {timestamp(self.until)}"


Guard = Callable[[Case, Wish], Objection | None]


def suspended(case: Case, _wish: Wish) -> Objection | None:
    """The pause switch."""
    if not case.spec.suspend:
        return None
    return Objection(RetrainingReason.SUSPENDED, "spec.retraining.suspend is true")


def training_under_way(case: Case, _wish: Wish) -> Objection | None:
    """One training at a time."""
    trigger = case.memory.trigger
    if trigger is None or trigger.outcome is not None:
        return None
    return Objection(RetrainingReason.TRAINING, f"TrainingJob {trigger.training_job} is under way")


def rollout_under_way(case: Case, _wish: Wish) -> Objection | None:
    """Two changes at once could not be told apart."""
    if not case.signs.is_rolling_out:
        return None
    return Objection(RetrainingReason.ROLLOUT_UNDER_WAY, "a rollout is under way")


def version_pending(case: Case, _wish: Wish) -> Objection | None:
    """What the last training brought has not been tried yet."""
    trigger = case.memory.trigger
    if trigger is None or not is_pending(case):
        return None
    waits = f"version {trigger.version}, which the last training brought, waits for approval or for its rollout"
    known = case.signs.evaluation
    return Objection(RetrainingReason.VERSION_PENDING, f"{waits}; {known}" if known else waits)


def is_pending(case: Case) -> bool:
    """Whether it is open what becomes of the version that the last training brought; not known is open."""
    trigger = case.memory.trigger
    is_settled = case.signs.candidate in {Candidate.SERVES, Candidate.NOT_BETTER, Candidate.REFUSED}
    return trigger is not None and trigger.version is not None and not is_settled


def reference_mismatch(case: Case, wish: Wish) -> Objection | None:
    """A reference that the live data never fitted shows no change: an alert, never a training."""
    verdicts = case.signs.verdicts
    if not wish.kind.rests_on_evidence or isinstance(verdicts, Unknown) or verdicts.mismatch is None:
        return None
    return Objection(RetrainingReason.REFERENCE_MISMATCH, verdicts.mismatch)


def quality_veto(case: Case, _wish: Wish) -> Objection | None:
    """Broken data are repaired, not learnt."""
    verdicts = case.signs.verdicts
    if isinstance(verdicts, Unknown) or verdicts.veto is None:
        return None
    return Objection(RetrainingReason.QUALITY_VETO, verdicts.veto)


def circuit_open(case: Case, wish: Wish) -> Objection | None:
    """Trainings that do not help end here; a person's request closes the circuit."""
    if wish.kind is TriggerKind.ON_DEMAND or case.memory.circuit_open_since is None:
        return None
    message = (
        f"{case.memory.fruitless} trainings in a row did not help, the circuit is open since"
        f" {case.memory.circuit_open_since}. Next: look at the data, then ask by `leeboard retrain`"
    )
    return Objection(RetrainingReason.CIRCUIT_OPEN, message)


def cooling_down(case: Case, _wish: Wish) -> Objection | None:
    """Time for the last training to show what it brought."""
    trigger = case.memory.trigger
    if trigger is None or trigger.ended_at is None:
        return None
    until = datetime.fromisoformat(trigger.ended_at) + cooldown_of(case)
    if case.now >= until:
        return None
    in_vain = " and brought nothing better" if case.signs.candidate is Candidate.NOT_BETTER else ""
    return Objection(RetrainingReason.COOLING_DOWN, f"the last training ended {trigger.ended_at}{in_vain}", until)


def budget_spent(case: Case, _wish: Wish) -> Objection | None:
    """So many in 24 hours, so many in seven days."""
    starts = sorted((datetime.fromisoformat(item) for item in case.memory.starts), reverse=True)
    limits = (
        (timedelta(days=1), case.spec.budget.per_day, "24 hours"),
        (timedelta(days=7), case.spec.budget.per_week, "7 days"),
    )
    for span, most, words in limits:
        within = [start for start in starts if start > case.now - span]
        if len(within) >= most:
            return Objection(
                RetrainingReason.BUDGET_SPENT, f"{len(within)} of {most} in {words}", within[most - 1] + span
            )
    return None


def no_new_data(case: Case, wish: Wish) -> Objection | None:
    """The same data give the same model, by the same code."""
    uri = case.signs.data
    if uri is None or wish.kind in {TriggerKind.NEW_DATA, TriggerKind.NEW_TEMPLATE}:
        return None
    mark = case.signs.marks.get(uri, Unknown("not asked yet"))
    if isinstance(mark, Unknown):
        return Objection(RetrainingReason.DATA_NOT_READABLE, f"{uri}: {mark.why}")
    if not any(item.uri == uri and item.mark == mark and item.trained for item in case.memory.data):
        return None
    return Objection(RetrainingReason.NO_NEW_DATA, f"{uri} is as it was when it was last trained on")


GUARDS: tuple[Guard, ...] = (
    suspended,
    training_under_way,
    rollout_under_way,
    version_pending,
    reference_mismatch,
    quality_veto,
    circuit_open,
    cooling_down,
    budget_spent,
    no_new_data,
)


def objection(case: Case, wish: Wish) -> Objection | None:
    """The first guard that objects."""
    return next((found for guard in GUARDS if (found := guard(case, wish)) is not None), None)


def cooldown_of(case: Case) -> timedelta:
    """Doubled for each training in a row that did not help; never shorter than the spec's own."""
    own = timedelta(seconds=seconds_of(case.spec.cooldown))
    return max(own, min(own * (1 << case.memory.fruitless), LONGEST_COOLDOWN))
