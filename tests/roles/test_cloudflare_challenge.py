"""What the issuer's program asks of Cloudflare, and what it says when it is refused."""

import pytest

from tests.platform.cloudflare_zone import CloudflareZone
from tests.roles.program import load

NAME = "_acme-challenge.boka.test."


@pytest.fixture
def zone():
    with CloudflareZone("127.0.0.1", "boka.test", "right", lambda _: None) as made:
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def program():
    return load("letsencrypt", "cloudflare_challenge")


def test_a_value_is_shown_once_beside_another_and_taken_away_alone(program, zone):
    cloudflare = program.Cloudflare("right", zone.url)

    for value in ("one", "two", "one"):
        cloudflare.present(NAME, value)
    shown = sorted(zone.records.values())
    cloudflare.cleanup(NAME, "one")

    assert (shown, list(zone.records.values())) == (["one", "two"], ["two"])


def test_what_is_gone_already_is_no_failure(program, zone):
    program.Cloudflare("right", zone.url).cleanup(NAME, "one")


@pytest.mark.parametrize(
    ("token", "name", "said"),
    [
        pytest.param("wrong", NAME, "Authentication error", id="a token that is not known"),
        pytest.param("right", "_acme-challenge.other.test.", "it needs Zone Read", id="a zone that it may not see"),
    ],
)
def test_a_refusal_says_the_reason(program, zone, token, name, said):
    with pytest.raises(program.NotDoneError, match=said):
        program.Cloudflare(token, zone.url).present(name, "one")


def test_lego_is_told_of_a_refusal_by_the_exit_code(program, zone, tmp_path, monkeypatch):
    (tmp_path / "token").write_text("wrong")
    monkeypatch.setenv("CLOUDFLARE_DNS_API_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", zone.url)

    assert program.main("present", NAME, "one") == 1
