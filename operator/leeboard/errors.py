"""What can go wrong outside the pure rooms, as one tree.

    LeeboardError
    ├── TransientError          try again later with back-off: time-outs, 5xx, 429, connection refused
    │   └── TrackingUnavailable MLflow did not answer; becomes the fact "unknown"
    ├── PermanentError          no retry helps until somebody changes something
    │   ├── RejectedError       the API server refused an object of ours (422 or 403), with the field's path
    │   ├── ProfileInvalidError a version's profile.json cannot be read; the message names the member
    │   └── SettingsError       the operator itself is configured wrongly
    ├── ConflictError           the world moved: stale uid or resourceVersion, object exists already
    │   └── AlreadyExistsError  a create met an object of that name
    └── NotLeaderError          the gate for writes is shut: this process does not hold the Lease

Adapters translate their library's errors into these; the reconcile loop alone decides on retries.
"""

from __future__ import annotations


class LeeboardError(Exception):
    """Root of every error that crosses a room."""


class TransientError(LeeboardError):
    """Trying again later may help."""


class TrackingUnavailable(TransientError):  # noqa: N818 - the reason that users read
    """MLflow could not be reached or did not answer in time."""


class PermanentError(LeeboardError):
    """Trying again does not help."""


class RejectedError(PermanentError):
    """The API server refused an object: ``code`` 422 (invalid) or 403 (admission, quota); ``message`` says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ProfileInvalidError(PermanentError):
    """A version's profile cannot be read; the message begins with the path of the member that is wrong."""


class SettingsError(PermanentError):
    """The operator's own configuration is wrong."""


class ConflictError(LeeboardError):
    """The observed uid or resourceVersion is no longer the current one."""


class AlreadyExistsError(ConflictError):
    """An object of that name exists already."""


class NotLeaderError(LeeboardError):
    """This process may not write."""
