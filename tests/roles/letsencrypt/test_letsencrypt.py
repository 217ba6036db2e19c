"""The site's certificate: a browser that knows the authority believes it, and nobody else can bring one to an edge."""

import pytest
from handshake import shake_hands

testinfra_hosts = ["ansible://edge?sudo=true"]
FOLDER = "/etc/boka/tls/site"


@pytest.fixture
def issuer(host):
    return host.get_host("ansible://ops1?sudo=true", ansible_inventory=host.backend.ansible_inventory)


@pytest.mark.parametrize("name", ["boka.test", "www.boka.test", "salon.boka.test"])
def test_a_browser_believes_it_for_every_name_of_the_site(host, site_authority, name):
    answer = shake_hands(
        host, f"{FOLDER}/fullchain.pem", f"{FOLDER}/privkey.pem", name=name, authority=site_authority.read_text()
    )

    assert (answer.rc, answer.stdout.strip()) == (0, "TLSv1.3"), answer.stderr


def test_the_internal_authority_has_no_part_in_it(host, authority):
    answer = shake_hands(
        host, f"{FOLDER}/fullchain.pem", f"{FOLDER}/privkey.pem", name="boka.test", authority=authority.read_text()
    )

    assert "CERTIFICATE_VERIFY_FAILED" in answer.stderr


@pytest.mark.journal("boka-certificate.service")
def test_looking_again_issues_no_second_certificate(host, issuer):
    before = host.check_output("sha256sum < %s/fullchain.pem", FOLDER)

    issuer.check_output("systemctl start boka-certificate.service")

    assert host.check_output("sha256sum < %s/fullchain.pem", FOLDER) == before


def test_the_issuer_is_looked_after_by_a_timer(issuer):
    answer = issuer.check_output("systemctl show --property=NextElapseUSecRealtime --value boka-certificate.timer")

    assert answer.strip()


def test_the_issuers_key_opens_no_shell_on_an_edge(host, issuer, address):
    words = "ssh -F none -o BatchMode=yes -i %s/id_ed25519 -o UserKnownHostsFile=%s/known_hosts certs@%s id"
    settings = "/etc/boka/letsencrypt"

    answer = issuer.run(words, settings, settings, address(host.backend.host))

    assert "uid=" not in answer.stdout + answer.stderr
    assert answer.rc not in {0, 255}, "255 is ssh's own: the key did not get in at all"


def test_an_edge_takes_no_certificate_that_is_not_for_the_site(host):
    before = host.check_output("readlink -f %s", FOLDER)

    answer = host.run("printf '' | /usr/local/lib/boka/receive-certificate")

    assert answer.rc != 0
    assert host.check_output("readlink -f %s", FOLDER) == before
