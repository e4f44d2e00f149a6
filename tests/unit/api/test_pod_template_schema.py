"""The pod template inside our kinds."""

import pytest

from leeboard.api.cel import KEYWORD
from leeboard.api.pod_template_rules import Use, placed_rules
from leeboard.api.pod_template_schema import Schema, as_object, embedded, load
from tests.unit.api.schemas import nodes

every_use = pytest.mark.parametrize("use", Use)

LIST_KEYS = "x-kubernetes-list-map-keys"


def at(use: Use) -> dict[str, Schema]:
    return dict(nodes(embedded(use)))


@every_use
def test_every_value_is_bounded(use: Use) -> None:
    def is_bounded(node: Schema) -> bool:
        match node.get("type"):
            case "string":
                return "maxLength" in node
            case "array":
                return "maxItems" in node
            case "object":
                return "properties" in node or "maxProperties" in node
            case None:
                return node["x-kubernetes-int-or-string"] is True and "maxLength" in node
            case kind:
                return kind in ("integer", "boolean")

    assert [path for path, node in at(use).items() if not is_bounded(node)] == []


@every_use
def test_nothing_is_described_and_nothing_defaults_but_the_protocol_of_a_port(use: Use) -> None:
    defaults = {path: node["default"] for path, node in at(use).items() if "default" in node}

    assert [path for path, node in at(use).items() if "description" in node] == []
    assert defaults == {
        ".spec.containers[].ports[].protocol": "TCP",
        ".spec.initContainers[].ports[].protocol": "TCP",
    }


@every_use
def test_there_are_no_ephemeral_containers(use: Use) -> None:
    assert ".spec.containers" in at(use)
    assert ".spec.ephemeralContainers" not in at(use)


@every_use
def test_metadata_is_what_pods_take_from_a_template(use: Use) -> None:
    assert set(as_object(at(use)[".metadata"]["properties"])) == {"labels", "annotations"}


@every_use
def test_the_keys_of_a_list_map_are_required_or_have_a_default(use: Use) -> None:
    missing = []
    for path, node in at(use).items():
        keys = node.get(LIST_KEYS)
        items = as_object(node["items"]) if isinstance(keys, list) else {}
        required = items.get("required")
        for key in keys if isinstance(keys, list) else []:
            is_listed = isinstance(required, list) and key in required
            if not is_listed and "default" not in as_object(as_object(items["properties"])[str(key)]):
                missing.append(f"{path}.{key}")

    assert missing == []


def test_a_training_demands_containers_with_name_and_image() -> None:
    schema = at(Use.TRAINING)

    assert schema[""]["required"] == ["spec"]
    assert schema[".spec"]["required"] == ["containers"]
    assert schema[".spec.containers"]["minItems"] == 1
    assert schema[".spec.containers[]"]["required"] == ["name", "image"]
    assert schema[".spec.initContainers[]"]["required"] == ["name", "image"]


def test_a_server_demands_only_the_keys_that_lists_are_merged_by() -> None:
    schema = at(Use.SERVER)
    replaced = tuple(f"{path}[]" for path, node in schema.items() if node.get("x-kubernetes-list-type") == "atomic")
    demanded = {
        path: node["required"] for path, node in schema.items() if "required" in node and not path.startswith(replaced)
    }

    assert demanded == {
        f"{path}[]": list(keys)
        for path, keys in {
            ".spec.containers": ["name"],
            ".spec.containers[].env": ["name"],
            ".spec.containers[].ports": ["containerPort"],
            ".spec.containers[].resources.claims": ["name"],
            ".spec.containers[].volumeDevices": ["devicePath"],
            ".spec.containers[].volumeMounts": ["mountPath"],
            ".spec.hostAliases": ["ip"],
            ".spec.imagePullSecrets": ["name"],
            ".spec.initContainers": ["name"],
            ".spec.initContainers[].env": ["name"],
            ".spec.initContainers[].ports": ["containerPort"],
            ".spec.initContainers[].resources.claims": ["name"],
            ".spec.initContainers[].volumeDevices": ["devicePath"],
            ".spec.initContainers[].volumeMounts": ["mountPath"],
            ".spec.resourceClaims": ["name"],
            ".spec.resources.claims": ["name"],
            ".spec.schedulingGates": ["name"],
            ".spec.topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"],
            ".spec.volumes": ["name"],
        }.items()
    }


def test_a_list_that_is_replaced_whole_keeps_its_demands() -> None:
    path = ".spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[]"

    assert at(Use.SERVER)[path]["required"] == at(Use.TRAINING)[path]["required"] == ["weight", "preference"]


@every_use
def test_every_rule_stands_at_its_node(use: Use) -> None:
    placed = {
        "".join(f".{step}" for step in node).replace(".[]", "[]"): rules for node, rules in placed_rules(use).items()
    }

    assert {path: node[KEYWORD] for path, node in at(use).items() if KEYWORD in node} == placed


def test_two_uses_do_not_share_a_schema() -> None:
    embedded(Use.TRAINING)

    assert KEYWORD not in as_object(as_object(load()["properties"])["spec"])
