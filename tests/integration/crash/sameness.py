"""Two worlds as text that is equal when they are the same but for names, ids and times that each life makes anew.

Times become TIME. Ids (uids, hashes, run ids) are numbered in the order in which they appear in the sorted objects, so
that two objects that point at each other in one world must do so in the other one.
"""

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

from tests.integration.crash.wire import Manifest

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{10,64}\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
ADDRESS = re.compile(r'"\d+\.\d+\.\d+\.\d+"')
EXPERIMENT = re.compile(
    r'("experimentId": |"leeboard.dev/experiment": |"name": "MLFLOW_EXPERIMENT_ID", "value": )"\d+"'
)
FORGOTTEN = ("resourceVersion", "managedFields", "creationTimestamp", "generation")


def same_text(objects: Iterable[Manifest], *, names: dict[str, str]) -> list[str]:
    """One line an object; ``names`` says what stands for this world's own names."""
    texts = [json.dumps(_without_bookkeeping(item), sort_keys=True) for item in objects]
    for name, stands_for in names.items():
        texts = [re.sub(rf"\b{re.escape(name)}\b", stands_for, text) for text in texts]
    texts = [ADDRESS.sub('"ADDRESS"', EXPERIMENT.sub(r'\1"EXPERIMENT"', text)) for text in texts]
    # Keys may have had such names in them, so they are sorted once more.
    texts = [json.dumps(json.loads(TIME.sub("TIME", text)), sort_keys=True) for text in texts]
    texts.sort(key=lambda text: ID.sub("#", text))
    numbers: dict[str, str] = {}
    return [ID.sub(lambda found: numbers.setdefault(found[0], f"<id {len(numbers) + 1}>"), text) for text in texts]


def difference(expected: list[str], found: list[str]) -> str:
    """What a person wants to see of two worlds that are not the same: only the fields that differ."""
    before, after = (
        [line for text in texts for line in json.dumps(json.loads(text), indent=1).splitlines()]
        for texts in (expected, found)
    )
    return "\n".join(difflib.unified_diff(before, after, "uninterrupted", "killed", n=3, lineterm=""))


def _without_bookkeeping(item: Manifest) -> Manifest:
    """Without what counts writes; of a status, only whether it speaks of the object as it is now."""
    if "metadata" not in item:
        return item
    item = _related(item, item["metadata"].get("generation"))
    metadata = {field: value for field, value in item["metadata"].items() if field not in FORGOTTEN}
    return {**item, "metadata": metadata}


def _related(value: Any, generation: object) -> Any:  # noqa: ANN401 - JSON
    """``value`` with every observedGeneration as current or stale."""
    if isinstance(value, list):
        return [_related(item, generation) for item in value]
    if not isinstance(value, dict):
        return value
    related = {key: _related(item, generation) for key, item in value.items()}
    if "observedGeneration" in value:
        related["observedGeneration"] = "current" if value["observedGeneration"] == generation else "stale"
    return related
