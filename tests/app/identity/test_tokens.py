"""Access tokens: only ours, unchanged, in their time."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from boka_app.identity.model import NotAuthenticated
from boka_app.identity.tokens import AccessTokens, digest
from boka_app.vault import derive
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.builders import NOW

ISSUER = "https://boka.test"
OLD, NEW = b"o" * 32, b"n" * 32
ACCOUNT, SESSION = uuid4(), uuid4()
TOKENS = AccessTokens((NEW,), ISSUER)
CLAIMS = {"iss": ISSUER, "aud": "boka-api", "sub": str(ACCOUNT), "sid": str(SESSION)}
TIMES = {"iat": NOW, "nbf": NOW, "exp": NOW + timedelta(minutes=10)}
KEY = Ed25519PrivateKey.from_private_bytes(derive(NEW, "jwt"))
KID = TOKENS.public_keys()["keys"][0]["kid"]


def forged(key=KEY, algorithm="EdDSA", headers=None, **claims):
    headers = {"kid": KID, "typ": "at+jwt"} | (headers or {})
    return jwt.encode(CLAIMS | TIMES | claims, key, algorithm=algorithm, headers=headers)


def unsigned():
    header = urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"%s"}' % KID.encode()).rstrip(b"=").decode()
    return f"{header}.{forged().split('.')[1]}."


def signed_with_the_public_key():
    """The classic confusion: the key that everybody knows, taken for a shared secret."""
    return forged(key=KEY.public_key().public_bytes_raw().hex(), algorithm="HS256")


def cut(token):
    head, body, _ = token.split(".")
    return f"{head}.{body}.{urlsafe_b64encode(b'0' * 64).rstrip(b'=').decode()}"


def test_a_token_speaks_for_its_session_until_its_time_is_over():
    token = TOKENS.issue(ACCOUNT, SESSION, NOW)

    assert TOKENS.session_of(token, NOW + timedelta(minutes=9, seconds=59)) == SESSION
    with pytest.raises(NotAuthenticated, match="expired"):
        TOKENS.session_of(token, NOW + timedelta(minutes=10))


def test_a_forged_token_with_our_key_would_pass():
    assert TOKENS.session_of(forged(), NOW) == SESSION  # so the refusals below are for what they name


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(cut(forged()), id="another signature"),
        pytest.param(unsigned(), id="no signature"),
        pytest.param(signed_with_the_public_key(), id="algorithm confusion"),
        pytest.param(forged(key=Ed25519PrivateKey.generate()), id="another's key under our name"),
        pytest.param(forged(key=Ed25519PrivateKey.generate(), headers={"kid": "theirs"}), id="another's key"),
        pytest.param(forged(headers={"jwk": {"kty": "OKP"}, "kid": "theirs"}), id="key in the header"),
        pytest.param(forged(headers={"typ": "JWT"}), id="another type of token"),
        pytest.param(forged(aud="boka-calendar"), id="another audience"),
        pytest.param(forged(iss="https://evil.test"), id="another issuer"),
        pytest.param(forged(nbf=NOW + timedelta(minutes=1)), id="not yet"),
        pytest.param(forged(exp=NOW), id="expired"),
        pytest.param(forged(sid="all"), id="no session"),
        pytest.param("a.b.c", id="noise"),
        pytest.param("é.b.c", id="noise that is no ASCII"),
    ],
)
def test_what_is_not_ours_is_refused(token):
    with pytest.raises(NotAuthenticated):
        TOKENS.session_of(token, NOW)


def test_while_the_signing_key_is_replaced_both_verify():
    before, during, after = (AccessTokens(keys, ISSUER) for keys in [(OLD,), (NEW, OLD), (NEW,)])
    token = before.issue(ACCOUNT, SESSION, NOW)

    assert during.session_of(token, NOW) == SESSION
    assert after.session_of(during.issue(ACCOUNT, SESSION, NOW), NOW) == SESSION
    with pytest.raises(NotAuthenticated):
        after.session_of(token, NOW)


def test_the_key_set_verifies_a_token_elsewhere():
    tokens = AccessTokens((NEW, OLD), ISSUER)
    keys = jwt.PyJWKSet.from_dict(tokens.public_keys())

    token = tokens.issue(ACCOUNT, SESSION, NOW)
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience="boka-api", options=options)["sub"] == str(ACCOUNT)
    assert len(keys.keys) == 2


def test_a_secret_of_one_kind_is_none_of_another():
    assert digest("browser", "secret") != digest("refresh", "secret")
