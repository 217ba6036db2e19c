import subprocess

import pytest
from cryptography import x509

from infra import paths
from ops.secrets import Store, authority, keys


def test_a_second_run_makes_nothing(stack):
    keys.ensure_all(stack)

    assert keys.ensure_all(stack) == []


def test_the_ssh_key_is_one_that_ssh_reads(stack):
    keys.ensure_ssh_key(stack)

    private = paths.ssh_key(stack.name)
    derived = subprocess.run(["ssh-keygen", "-y", "-f", private], capture_output=True, text=True, check=True).stdout
    assert derived.split()[:2] == private.with_suffix(".pub").read_text().split()[:2]


def test_a_lost_public_key_is_written_again_for_the_same_private_one(stack):
    keys.ensure_ssh_key(stack)
    public = paths.ssh_key(stack.name).with_suffix(".pub")
    before = public.read_text()
    public.unlink()

    assert keys.ensure_ssh_key(stack)
    assert public.read_text() == before


@pytest.fixture
def certificate(stack):
    keys.ensure_all(stack)
    return x509.load_pem_x509_certificate((stack.authority / "ca.pem").read_bytes())


def test_the_authority_signs_hosts_only(certificate):
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value

    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_the_certificate_is_that_of_the_key_in_the_store(certificate, stack):
    assert certificate.public_key() == authority.load_key(Store(stack)).public_key()


def test_a_lost_certificate_is_written_again_for_the_same_key(stack):
    keys.ensure_all(stack)
    (stack.authority / "ca.pem").unlink()

    assert keys.ensure_all(stack) == ["ca/ca.pem"]
