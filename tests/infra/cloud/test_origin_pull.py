"""The certificate that only our own zone shows: openssl, as the edges' nginx, says whose it is."""

import subprocess

import pytest
from recorder import record

from infra import origin_certificate
from infra.cloudflare.origin_pull import OriginCertificateProvider
from infra.handover import StackFile


@pytest.fixture(scope="module")
def made():
    return origin_certificate.generate("boka.example")


def accepts(folder, authority: str, shown: str) -> bool:
    (folder / "authority.pem").write_text(authority)
    (folder / "shown.pem").write_text(shown)
    words = ["verify", "-purpose", "sslclient", "-CAfile", str(folder / "authority.pem"), str(folder / "shown.pem")]
    return subprocess.run(["openssl", *words], check=False, capture_output=True).returncode == 0


def test_the_edges_accept_the_certificate_that_was_made_for_the_zone(made, tmp_path):
    assert accepts(tmp_path, made.authority, made.certificate)


def test_the_edges_accept_no_other_even_of_the_same_name(made, tmp_path):
    assert not accepts(tmp_path, made.authority, origin_certificate.generate("boka.example").certificate)


def test_it_is_made_once_and_anew_for_another_domain_only():
    provider = OriginCertificateProvider()
    first = provider.create({"domain": "boka.example"})

    assert provider.diff(first.id, first.outs, {"domain": "boka.example"}).changes is False
    assert provider.diff(first.id, first.outs, {"domain": "other.example"}).replaces == ["domain"]
    assert provider.read(first.id, first.outs).outs == first.outs


@pytest.mark.parametrize(
    ("changed", "asks"),
    [
        pytest.param({}, True, id="behind the CDN"),
        pytest.param({"cdn": False}, False, id="while everybody comes directly"),
        pytest.param({"live": False}, False, id="before the stack takes the zone"),
    ],
)
def test_the_edges_ask_for_it_only_where_the_cdn_shows_it(changed, asks):
    content = record("production", **changed).of("StackFile")["stack-file"].inputs["content"]

    assert bool(StackFile.model_validate_json(content).origin_authority) is asks
