"""MLflow in memory, as far as the port shows it; it passes the same contract test as the adapter."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import assert_never

from leeboard.api.reference import Reference
from leeboard.errors import PermanentError, TrackingUnavailable
from leeboard.planning.actions import (
    Action,
    ClaimModel,
    CloseRun,
    LogParameters,
    OpenRun,
    RegisterVersion,
    TagVersion,
    UploadText,
)
from leeboard.planning.facts import LoggedModel, RegisteredModel, RegisteredVersion, Run, RunStatus


@dataclass
class FakeTracking:
    """``is_down`` makes every call fail as a dead server does."""

    is_down: bool = False
    experiments: dict[str, list[str]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    models_of_runs: dict[str, tuple[LoggedModel, ...]] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    profiles: dict[str, bytes] = field(default_factory=dict)  # by digest
    models: dict[str, RegisteredModel] = field(default_factory=dict)
    versions: dict[str, list[RegisteredVersion]] = field(default_factory=dict)

    async def find_runs(self, *, experiment: str, tags: Mapping[str, str]) -> tuple[Run, ...]:
        self._answer()
        runs = (self.runs[id_] for id_ in self.experiments.get(experiment, []))
        return tuple(run for run in runs if tags.items() <= run.tags.items())

    async def get_run(self, run_id: str) -> Run | None:
        self._answer()
        return self.runs.get(run_id)

    async def logged_models(self, run: Run) -> tuple[LoggedModel, ...]:
        self._answer()
        return self.models_of_runs.get(run.id, ())

    async def registered_model(self, name: str) -> RegisteredModel | None:
        self._answer()
        return self.models.get(name)

    async def find_versions(self, model: str, *, tags: Mapping[str, str]) -> tuple[RegisteredVersion, ...]:
        self._answer()
        return tuple(version for version in self.versions.get(model, []) if tags.items() <= version.tags.items())

    async def get_version(self, model: str, version: str) -> RegisteredVersion | None:
        self._answer()
        return next((known for known in self.versions.get(model, []) if known.version == version), None)

    async def logged_reference(self, run_id: str) -> Reference | None:
        self._answer()
        return self.references.get(run_id)

    async def profile(self, uri: str, digest: str) -> bytes:
        self._answer()
        run_id, _, path = uri.removeprefix("runs:/").partition("/")
        text = self.texts.get((run_id, path))
        data = self.profiles.get(digest) if text is None else text.encode()
        if data is None:
            raise PermanentError(f"{uri}: there is no such file")
        if text is not None and f"sha256:{sha256(data).hexdigest()}" != digest:
            raise PermanentError(f"{uri}: another digest")
        return data

    async def carry_out(self, action: Action) -> None:
        self._answer()
        match action:
            case OpenRun():
                self._open(action)
            case LogParameters(run_id=run_id, parameters=parameters):
                self._log_parameters(run_id, parameters)
            case CloseRun(run_id=run_id, status=status, tags=tags):
                run = self._run(run_id)
                self.runs[run_id] = replace(run, status=status, tags={**run.tags, **tags})
            case UploadText(run_id=run_id, path=path, text=text):
                self.texts[self._run(run_id).id, path] = text
            case ClaimModel(model=model, tags=tags):
                known = self.models.get(model, RegisteredModel(model))
                self.models[model] = replace(known, tags={**tags, **known.tags})
            case RegisterVersion():
                self._register(action)
            case TagVersion(model=model, version=version, tags=tags):
                self._tag(model, version, tags=tags)
            case _:
                assert_never(action)

    def _answer(self) -> None:
        if self.is_down:
            raise TrackingUnavailable("MLflow is down")

    def _run(self, run_id: str) -> Run:
        if run_id not in self.runs:
            raise PermanentError(f"no run {run_id}")
        return self.runs[run_id]

    def _open(self, action: OpenRun) -> None:
        ids = self.experiments.setdefault(action.experiment, [])
        number = list(self.experiments).index(action.experiment) + 1
        run = Run(f"run-{len(self.runs) + 1}", str(number), RunStatus.RUNNING, dict(action.tags))
        ids.append(run.id)
        self.runs[run.id] = run
        self._log_parameters(run.id, action.parameters)

    def _log_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        known = self.parameters.setdefault(self._run(run_id).id, {})
        if changed := [name for name, value in parameters.items() if known.get(name, value) != value]:
            raise PermanentError(f"changing parameters is not allowed: {changed}")
        known |= parameters
        self.runs[run_id] = replace(self.runs[run_id], parameters=frozenset(known))

    def _register(self, action: RegisterVersion) -> None:
        if action.model not in self.models:
            raise PermanentError(f"no model {action.model}")
        versions = self.versions.setdefault(action.model, [])
        number = str(len(versions) + 1)
        versions.append(RegisteredVersion(action.model, number, action.run_id, action.source, dict(action.tags)))

    def _tag(self, model: str, version: str, *, tags: Mapping[str, str]) -> None:
        versions = self.versions.get(model, [])
        for place, known in enumerate(versions):
            if known.version == version:
                versions[place] = replace(known, tags={**known.tags, **tags})
                return
        raise PermanentError(f"no version {version} of {model}")
