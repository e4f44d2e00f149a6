"""What the host's pip needs is found by itself and lent to builds."""

from pathlib import Path

import pytest

from tests.cluster.pip_settings import CERTIFICATES_IN_IMAGE, PipSettings


@pytest.fixture
def host(tmp_path: Path) -> dict[str, str]:
    """A host's environment without the real one's configuration files winning over ours."""
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://file.example/simple\ntimeout = 9\n[install]\nno_index = false\n")
    return {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)}


def test_a_configuration_file_is_read(host: dict[str, str]) -> None:
    options = PipSettings.of_host(host).options

    assert (options["index-url"], options["timeout"], options["no-index"]) == (
        "https://file.example/simple",
        "9",
        "false",
    )


def test_the_environment_wins_over_files(host: dict[str, str]) -> None:
    settings = PipSettings.of_host({**host, "PIP_INDEX_URL": "https://variable.example/simple"})

    assert settings.options["index-url"] == "https://variable.example/simple"


def test_options_that_are_about_this_machine_only_are_not_lent(host: dict[str, str]) -> None:
    settings = PipSettings.of_host({**host, "PIP_CACHE_DIR": "/somewhere", "PIP_REQUIRE_VIRTUALENV": "1"})

    assert not {"cache-dir", "require-virtualenv"} & set(settings.options)


def test_a_ca_bundle_is_mounted_where_the_image_has_its_own(host: dict[str, str], tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")

    settings = PipSettings.of_host({**host, "SSL_CERT_FILE": str(bundle)})

    assert (bundle, CERTIFICATES_IN_IMAGE) in settings.mounts(tmp_path / "pip.conf")
    assert f"cert = {CERTIFICATES_IN_IMAGE}\n" in settings.config()


def test_folders_of_wheels_are_mounted_only_if_they_hold_any(host: dict[str, str], tmp_path: Path) -> None:
    full, empty = tmp_path / "full", tmp_path / "empty"
    for folder in (full, empty):
        folder.mkdir()
    (full / "a.whl").write_text("")

    settings = PipSettings.of_host({**host, "PIP_FIND_LINKS": f"{full} {empty}"})

    assert (settings.wheel_folders, settings.options["find-links"]) == ((full,), str(full))
