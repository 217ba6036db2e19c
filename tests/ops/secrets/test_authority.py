import pytest
from cryptography import x509

from ops.preparation import ensure_secrets
from ops.secrets import Store, authority


def test_a_second_run_makes_nothing(stack):
    ensure_secrets(stack)

    assert ensure_secrets(stack) == []


@pytest.fixture
def certificate(stack):
    ensure_secrets(stack)
    return x509.load_pem_x509_certificate((stack.authority / "ca.pem").read_bytes())


def test_the_authority_signs_hosts_only(certificate):
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value

    assert (constraints.ca, constraints.path_length) == (True, 0)


def test_the_certificate_is_that_of_the_key_in_the_store(certificate, stack):
    assert certificate.public_key() == authority.load_key(Store(stack)).public_key()


def test_a_lost_certificate_is_written_again_for_the_same_key(stack):
    ensure_secrets(stack)
    (stack.authority / "ca.pem").unlink()

    assert ensure_secrets(stack) == ["ca/ca.pem"]
