"""How this machine's pip reaches its packages: found, and lent to image builds without being baked into any image."""

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CERTIFICATES_IN_IMAGE: Final = "/etc/ssl/certs/ca-certificates.crt"
LENT_OPTIONS: Final = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "proxy",
    "retries",
    "timeout",
    "default-timeout",
    "no-index",
    "prefer-binary",
    "find-links",
)
CA_VARIABLES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """What a build needs of the host: pip's options, the bundle of trusted authorities, folders of wheels."""

    options: Mapping[str, str]
    ca_bundle: Path | None
    wheel_folders: tuple[Path, ...]

    @classmethod
    def of_host(cls, environment: Mapping[str, str] | None = None) -> "PipSettings":
        """Read pip's configuration files, then its environment variables, which win."""
        variables = os.environ if environment is None else environment
        options: dict[str, str] = {}
        for path in _config_files(variables):
            options |= _read(path)
        options |= {
            name.removeprefix("PIP_").lower().replace("_", "-"): value
            for name, value in variables.items()
            if name.startswith("PIP_") and value
        }
        candidates = [*(variables.get(name, "") for name in CA_VARIABLES), options.get("cert", "")]
        bundle = next((Path(path) for path in candidates if path and Path(path).is_file()), None)
        folders = tuple(Path(link) for link in options.get("find-links", "").split() if _has_wheels(Path(link)))
        options["find-links"] = "\n    ".join(
            link for link in options.get("find-links", "").split() if "://" in link or Path(link) in folders
        )
        return cls({name: options[name] for name in LENT_OPTIONS if options.get(name)}, bundle, folders)

    def config(self) -> str:
        """Return a pip.conf for inside a build."""
        options = dict(self.options)
        if self.ca_bundle:
            options["cert"] = CERTIFICATES_IN_IMAGE
        return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items())

    def mounts(self, config: Path) -> list[tuple[Path, str]]:
        """Return what a build mounts read-only, as pairs of a path here and a path there."""
        mounts = [(config, "/etc/pip.conf"), *((folder, str(folder)) for folder in self.wheel_folders)]
        return [*mounts, (self.ca_bundle, CERTIFICATES_IN_IMAGE)] if self.ca_bundle else mounts


def _config_files(variables: Mapping[str, str]) -> list[Path]:
    home = Path(variables.get("HOME", "/root"))
    own = Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    paths = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip" / "pip.conf", own]
    if variables.get("PIP_CONFIG_FILE"):
        paths.append(Path(variables["PIP_CONFIG_FILE"]))
    return [path for path in paths if path.is_file()]


def _read(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read(path)
    sections = [section for section in ("global", "install") if parser.has_section(section)]
    return {name.replace("_", "-"): value for section in sections for name, value in parser.items(section)}


def _has_wheels(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
