"""The numbers of a rollout: what its pods counted and what its queries say, asked side by side and only when needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.monitoring.counts import PodCounts
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service import Needs
from leeboard.ports import Cluster, Queries, Sources

Counts = Mapping[str, PodCounts | Unknown]
Answers = Mapping[str, float | Unknown]


async def measurements(resource: InferenceService, *, needs: Needs, sources: Sources) -> tuple[Counts, Answers]:
    """Counts by pod of stable and canary, and answers by the name of the check."""
    chosen = _pods_of_rollout(resource, sources.cluster) if needs.counts or needs.answers else ()
    counts, answers = await asyncio.gather(
        _counts(resource, chosen, needs=needs, sources=sources), _answers(needs, sources.queries)
    )
    return counts, answers


def _pods_of_rollout(resource: InferenceService, cluster: Cluster) -> Sequence[Manifest]:
    """Pods of the revisions that are compared; those on their way out still count what they finish."""
    pods = cluster.children(resource.metadata, "Pod")
    if isinstance(pods, Unknown):
        return ()
    status = resource.status
    revisions = {revision.name for revision in (status.stable, status.canary) if revision is not None}
    return [pod for pod in pods.items if (pod["metadata"].get("labels") or {}).get(Label.REVISION) in revisions]


async def _counts(resource: InferenceService, pods: Sequence[Manifest], *, needs: Needs, sources: Sources) -> Counts:
    analysis = resource.spec.rollout.analysis
    source = analysis.source if analysis is not None else None
    if source is None or not pods:
        return await sources.counters.counts(pods, answers=needs.answers)
    if not needs.answers:
        return await sources.queries.counts(source.provider, pods)
    scraped, own = await asyncio.gather(
        sources.queries.counts(source.provider, pods), sources.counters.counts(pods, answers=True)
    )
    return {name: _with_answers(counts, own[name]) for name, counts in scraped.items()}


def _with_answers(counts: PodCounts | Unknown, own: PodCounts | Unknown) -> PodCounts | Unknown:
    """Prometheus' counts with the predictions that only the pod itself remembers."""
    if isinstance(counts, Unknown) or isinstance(own, Unknown):
        return counts
    return replace(counts, answers=own.answers)


async def _answers(needs: Needs, queries: Queries) -> Answers:
    asked = (queries.number(provider, query) for provider, query in needs.queries.values())
    return dict(zip(needs.queries, await asyncio.gather(*asked), strict=True))
