"""Settings from the environment."""

from datetime import timedelta

import pytest

from leeboard.errors import SettingsError
from leeboard.planning.defaults import DefaultGateway, Defaults
from leeboard.planning.topics import Endpoint, Format, Topic
from leeboard.settings import load_settings

NEEDED = {"LEEBOARD_TRACKING_URI": "http://mlflow", "LEEBOARD_RUNTIME_IMAGE": "runtime:1"}


def set_all(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in (NEEDED | {f"LEEBOARD_{name}": value for name, value in variables.items()}).items():
        monkeypatch.setenv(name, value)


def test_defaults_of_planners_follow_from_the_two_that_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch)

    assert load_settings().defaults() == Defaults(
        cluster="default", runtime_image="runtime:1", tracking_uri="http://mlflow"
    )


def test_every_variable_reaches_the_planners(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(
        monkeypatch,
        NAMESPACE="operators",
        TRACKING_URI_FOR_PODS="http://pods",
        TRACKING_PAGE="https://page",
        CREDENTIALS_SECRET="mlflow",
        IMAGE_PULL_POLICY="Always",
        IMAGE_PULL_SECRETS="one, two,",
        CLUSTER="west",
        START_DEADLINE_SECONDS="60",
        FINISHED_JOB_TTL_SECONDS="0",
        SELDON_IMAGE="seldon:1",
        GATEWAY_NAME="public",
        GATEWAY_NAMESPACE="gateways",
        GATEWAY_SECTION_NAME="https",
        GATEWAY_DOMAIN="models.example.com",
    )

    assert load_settings().defaults() == Defaults(
        cluster="west",
        runtime_image="runtime:1",
        tracking_uri="http://pods",
        tracking_page="https://page",
        credentials_secret="mlflow",
        image_pull_policy="Always",
        image_pull_secrets=("one", "two"),
        start_deadline=timedelta(minutes=1),
        finished_job_ttl=timedelta(0),
        operator_namespace="operators",
        seldon_image="seldon:1",
        gateway=DefaultGateway("public", "gateways", "https", "models.example.com"),
    )


def test_an_empty_optional_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = ("TRACKING_PAGE", "CREDENTIALS_SECRET", "IMAGE_PULL_SECRETS", "TRACKING_URI_FOR_PODS", "PROMETHEUS")
    gateway = ("GATEWAY_NAME", "GATEWAY_NAMESPACE", "GATEWAY_SECTION_NAME", "GATEWAY_DOMAIN")
    set_all(monkeypatch, **dict.fromkeys((*empty, *gateway), ""))

    assert load_settings().defaults() == Defaults(
        cluster="default", runtime_image="runtime:1", tracking_uri="http://mlflow"
    )


def test_every_variable_at_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, WORKERS="0", PROBE_PORT="x")

    with pytest.raises(SettingsError, match=r"LEEBOARD_WORKERS.*LEEBOARD_PROBE_PORT"):
        load_settings()


def test_prometheus_servers_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PROMETHEUS='{"main": "http://prometheus:9090", "long-term": "https://user:x@thanos/api"}')

    assert load_settings().prometheus == {"main": "http://prometheus:9090", "long-term": "https://user:x@thanos/api"}


@pytest.mark.parametrize(
    ("variables", "fault"),
    [
        pytest.param({"PROMETHEUS": "main"}, "LEEBOARD_PROMETHEUS", id="no JSON"),
        pytest.param({"PROMETHEUS": '["http://x"]'}, "LEEBOARD_PROMETHEUS", id="a list"),
        pytest.param({"PROMETHEUS": '{"main": "file:///etc/passwd"}'}, "the URL of main", id="no web address"),
        pytest.param({"PROMETHEUS": '{"Main One": "http://x"}'}, "'Main One' is no name", id="a name with a space"),
        pytest.param({"GATEWAY_NAME": "public"}, "LEEBOARD_GATEWAY_NAMESPACE", id="a gateway of no namespace"),
    ],
)
def test_a_setting_that_nobody_could_use_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], fault: str
) -> None:
    set_all(monkeypatch, **variables)

    with pytest.raises(SettingsError, match=fault):
        load_settings()


def test_endpoints_of_notifications_are_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, NOTIFICATIONS='{"ops": {"urlFile": "/etc/url", "format": "Slack", "topics": ["Drift"]}}')

    assert load_settings().notifications == {
        "ops": Endpoint(url_file="/etc/url", format=Format.SLACK, topics=(Topic.DRIFT,))
    }


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ('{"Ops": {"urlFile": "/etc/url"}}', "'Ops' is no name"),
        ('{"ops": {"urlFile": "/etc/url", "topic": "Drift"}}', "NOTIFICATIONS_OPS_TOPIC"),
        ("{", "LEEBOARD_NOTIFICATIONS"),
    ],
)
def test_a_mistake_in_an_endpoint_stops_the_operator_at_its_start(
    monkeypatch: pytest.MonkeyPatch, value: str, named: str
) -> None:
    set_all(monkeypatch, NOTIFICATIONS=value)
    with pytest.raises(SettingsError, match=named):
        load_settings()
