"""From the options of `serve` to a monitor; imported only where there is a profile, so that nothing else costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leeboard_runtime.errors import PermanentFault, Reason

if TYPE_CHECKING:
    from leeboard_runtime.channels import Profile
    from leeboard_runtime.monitor import Later, Monitor, Tokens
    from leeboard_runtime.monitor_metrics import MonitorMetrics
    from leeboard_runtime.tokens import Keyring
    from leeboard_runtime.watched import Watched


@dataclass(frozen=True, slots=True)
class MonitoringOptions:
    """What of a server's options is for monitoring; ``segments`` and ``groups`` are JSON."""

    profile: Path | None = None
    segments: str = "[]"
    groups: str = "[]"
    token_keys: Path | None = None
    feedback_credential: Path | None = None
    longest_label_delay_seconds: float = 30 * 86400.0
    cohort_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Monitoring:
    """A monitor, what Prometheus gets of it, and the files that have to be looked at again."""

    monitor: Monitor
    metrics: MonitorMetrics
    watched: Sequence[Watched[Keyring] | Watched[bytes]]


def monitoring_of(options: MonitoringOptions, labels: Sequence[str], later: Later | None = None) -> Monitoring | None:
    """None without a profile; ``labels`` are name, version and revision of what is served, ``later`` see Monitor.

    Raises PermanentFault(MonitoringInvalid) naming the option that is wrong.
    """
    _check_combination(options)
    if options.profile is None:
        return None
    from leeboard_runtime.monitor import Declared, Monitor, at_once  # noqa: PLC0415 - see the module's docstring
    from leeboard_runtime.monitor_metrics import MonitorMetrics  # noqa: PLC0415
    from leeboard_runtime.profile_reading import read_profile  # noqa: PLC0415
    from leeboard_runtime.slices import parse_slices  # noqa: PLC0415

    declared = Declared(
        read_profile(options.profile),
        segments=parse_slices("--segments", options.segments),
        groups=parse_slices("--groups", options.groups),
    )
    tokens = _tokens(options, declared.profile, labels)
    monitor = Monitor(declared, tokens=tokens, clock=time.time, later=later or at_once)
    watched = () if tokens is None else (tokens.keys, tokens.feedback.credential)
    return Monitoring(monitor, MonitorMetrics(monitor, labels), watched)


def _tokens(options: MonitoringOptions, profile: Profile, labels: Sequence[str]) -> Tokens | None:
    if options.token_keys is None or options.feedback_credential is None:
        return None
    from leeboard_runtime.feedback import Feedback, Judge  # noqa: PLC0415
    from leeboard_runtime.monitor import Tokens  # noqa: PLC0415
    from leeboard_runtime.tokens import version_mark  # noqa: PLC0415
    from leeboard_runtime.watched import Watched, read_credential, read_keys  # noqa: PLC0415

    keys = Watched(options.token_keys, read_keys)
    mark = version_mark(labels[0], labels[1], profile.digest)
    feedback = Feedback(
        Judge(profile.task, profile.classes),
        mark,
        keys=keys,
        credential=Watched(options.feedback_credential, read_credential),
        longest_delay_seconds=options.longest_label_delay_seconds,
        cohort_seconds=options.cohort_seconds,
        clock=time.time,
    )
    return Tokens(keys, mark, feedback)


def _check_combination(options: MonitoringOptions) -> None:
    if (options.token_keys is None) != (options.feedback_credential is None):
        _refuse("--token-keys and --feedback-credential are given together or not at all")
    if options.profile is None:
        without = (options.token_keys, options.segments != "[]" or None, options.groups != "[]" or None)
        if any(one is not None for one in without):
            _refuse("--segments, --groups and --token-keys need --profile")


def _refuse(sentence: str) -> None:
    raise PermanentFault(Reason.MONITORING_INVALID, sentence)
