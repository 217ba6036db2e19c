import base64
import hashlib
import hmac
import importlib.util
from pathlib import Path

FILE = Path(__file__).parents[2] / "plugins/filter/scram_verifier.py"
SPEC = importlib.util.spec_from_file_location("scram_verifier", FILE)
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)


def test_the_same_password_and_role_give_the_same_verifier():
    assert MODULE.scram_verifier("secret", "booking_app") == MODULE.scram_verifier("secret", "booking_app")


def test_two_roles_with_one_password_do_not_look_alike():
    assert MODULE.scram_verifier("secret", "booking_app") != MODULE.scram_verifier("secret", "monitor")


def test_a_client_that_knows_the_password_proves_it_against_the_verifier():
    kind, parameters, keys = MODULE.scram_verifier("secret", "booking_app").split("$")
    iterations, salt = parameters.split(":")
    stored, _ = (base64.b64decode(key) for key in keys.split(":"))

    salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(salt), int(iterations))

    assert kind == "SCRAM-SHA-256"
    assert hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest() == stored
