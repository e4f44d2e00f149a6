"""The port ``Tracking`` on a real MLflow server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, assert_never

from leeboard.adapters.mlflow.actions import (
    claim_model,
    close_run,
    log_parameters,
    open_run,
    register_version,
    tag_version,
    upload_text,
)
from leeboard.adapters.mlflow.calls import MISSING, Calls, TrackingError
from leeboard.adapters.mlflow.experiments import Experiments
from leeboard.adapters.mlflow.profiles import Profiles, downloaded
from leeboard.adapters.mlflow.recent import RecentRuns
from leeboard.adapters.mlflow.references import logged_reference
from leeboard.adapters.mlflow.values import (
    logged_model_of,
    quoted,
    registered_model_of,
    run_of,
    tag_filter,
    version_of,
)
from leeboard.api.reference import Reference
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
from leeboard.planning.facts import LoggedModel, RegisteredModel, RegisteredVersion, Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE = 100
ACTIVE = "active"
T = TypeVar("T")


class MlflowTracking:
    """See ports.Tracking."""

    def __init__(self, calls: Calls, *, steady: Callable[[], float]) -> None:
        self._calls = calls
        self._recent = RecentRuns(steady=steady)
        self._experiments = Experiments()
        self._profiles = Profiles()

    async def find_runs(self, *, experiment: str, tags: Mapping[str, str]) -> tuple[Run, ...]:
        """Runs with all of ``tags``, oldest first."""
        read = [await self.get_run(id_) for id_ in self._recent.take(experiment, tags)]
        known = tuple(run for run in read if run is not None)
        if known and len(known) == len(read):
            return known

        def search(client: MlflowClient) -> tuple[Run, ...]:
            id_ = self._experiments.find(client, experiment)
            if id_ is None:
                return ()
            found = client.search_runs(
                [id_], filter_string=tag_filter(tags), order_by=["attributes.start_time ASC"], max_results=PAGE
            )
            return tuple(map(run_of, found))

        runs = await self._calls.call("find_runs", search)
        self._recent.searched(experiment, tags, ids=tuple(run.id for run in runs))
        return runs

    async def get_run(self, run_id: str) -> Run | None:
        """One run; a deleted one is gone."""
        run = await self._maybe("get_run", lambda client: client.get_run(run_id))
        return run_of(run) if run is not None and run.info.lifecycle_stage == ACTIVE else None

    async def logged_models(self, run: Run) -> tuple[LoggedModel, ...]:
        """Models of the run, by creation."""

        def search(client: MlflowClient) -> tuple[LoggedModel, ...]:
            found = client.search_logged_models(
                [run.experiment_id],
                filter_string=f"source_run_id = {quoted(run.id)}",
                order_by=[{"field_name": "creation_timestamp", "ascending": True}],
                max_results=PAGE,
            )
            return tuple(map(logged_model_of, found))

        return await self._calls.call("logged_models", search)

    async def registered_model(self, name: str) -> RegisteredModel | None:
        """One registered model."""
        return await self._maybe(
            "registered_model", lambda client: registered_model_of(client.get_registered_model(name))
        )

    async def find_versions(self, model: str, *, tags: Mapping[str, str]) -> tuple[RegisteredVersion, ...]:
        """Versions with all of ``tags``, lowest number first."""
        filter_ = f"name = {quoted(model)} AND {tag_filter(tags)}"

        def search(client: MlflowClient) -> tuple[RegisteredVersion, ...]:
            found: list[RegisteredVersion] = []
            token: str | None = None
            while True:
                page = client.search_model_versions(filter_, max_results=PAGE, page_token=token)
                found += map(version_of, page)
                token = page.token
                if not token:
                    return tuple(sorted(found, key=lambda version: int(version.version)))

        return await self._calls.call("find_versions", search)

    async def get_version(self, model: str, version: str) -> RegisteredVersion | None:
        """One version."""
        return await self._maybe("get_version", lambda client: version_of(client.get_model_version(model, version)))

    async def logged_reference(self, run_id: str) -> Reference | None:
        """The run's input of context reference, else an artifact of a known name."""
        return await self._maybe("logged_reference", lambda client: logged_reference(client, run_id))

    async def profile(self, uri: str, digest: str) -> bytes:
        """A profile by its digest; the last ones are kept."""
        known = self._profiles.get(digest)
        if known is None:
            known = await self._calls.call("profile", lambda client: downloaded(client, uri, digest))
            self._profiles.put(digest, known)
        return known

    async def carry_out(self, action: Action) -> None:
        """Do one action."""
        if isinstance(action, OpenRun):
            id_ = await self._calls.call("OpenRun", lambda client: open_run(client, self._experiments, action))
            self._recent.opened(action.experiment, action.tags, id_=id_)
        else:
            await self._calls.call(type(action).__name__, lambda client: self._do(client, action))

    def _do(
        self,
        client: MlflowClient,
        action: LogParameters | CloseRun | UploadText | ClaimModel | RegisterVersion | TagVersion,
    ) -> None:
        match action:
            case LogParameters():
                log_parameters(client, action)
            case CloseRun():
                close_run(client, action)
            case UploadText():
                upload_text(client, action)
            case ClaimModel():
                claim_model(client, action)
            case RegisterVersion():
                register_version(client, action)
            case TagVersion():
                tag_version(client, action)
            case _:
                assert_never(action)

    async def _maybe(self, name: str, function: Callable[[MlflowClient], T]) -> T | None:
        try:
            return await self._calls.call(name, function)
        except TrackingError as error:
            if error.code in MISSING:
                return None
            raise
