"""Certificates are issued once, carry users, groups and hosts, and kubeconfigs embed them."""

import base64
import ipaddress
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.cluster.certificates import Authority, ensure_signing_key, kubeconfig, write_private


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path).ensure()


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_client_certificate_carries_its_user_and_groups(authority: Authority) -> None:
    subject = load(authority.issue("kubelet", "system:node:a", groups=["system:nodes"]).certificate).subject

    names = [subject.get_attributes_for_oid(oid)[0].value for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)]
    assert names == ["system:node:a", "system:nodes"]


def test_a_serving_certificate_names_hosts_and_addresses(authority: Authority) -> None:
    certificate = load(authority.issue("api", "api", hosts=["localhost", "127.0.0.1"]).certificate)

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]


def test_what_is_issued_is_signed_by_the_authority(authority: Authority) -> None:
    issued = load(authority.issue("admin", "admin").certificate)

    issued.verify_directly_issued_by(load(authority.pair.certificate))


def test_issuing_again_returns_the_same_certificate(authority: Authority) -> None:
    first = authority.issue("admin", "admin").certificate.read_bytes()

    assert authority.ensure().issue("admin", "admin").certificate.read_bytes() == first


def test_keys_can_be_read_by_their_owner_only(authority: Authority, tmp_path: Path) -> None:
    files = [authority.pair.key, authority.issue("admin", "admin").key, ensure_signing_key(tmp_path)]

    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_kubeconfig_embeds_all_it_needs(authority: Authority) -> None:
    pair = authority.issue("admin", "admin")

    config = json.loads(kubeconfig("https://127.0.0.1:1", authority=authority.pair.certificate, pair=pair))

    user = config["users"][0]["user"]
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert base64.b64decode(user["client-certificate-data"]) == pair.certificate.read_bytes()
    assert base64.b64decode(user["client-key-data"]) == pair.key.read_bytes()


def test_replacing_a_private_file_keeps_it_private(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    write_private(path, "a")

    write_private(path, "b")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("b", 0o600)
