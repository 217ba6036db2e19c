"""A change names the version it is meant for; a read may name the one it has."""

import falcon
import pytest
from boka_app.conventions.etag import etag, require_match, unchanged
from boka_app.conventions.model import MatchMissing, VersionChanged
from falcon import testing
from falcon.asgi import Response


def request(**headers):
    return testing.create_asgi_req(headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "given",
    [
        pytest.param('"7"', id="the tag"),
        pytest.param('"6", "7"', id="one of several"),
        pytest.param('W/"7"', id="weakened by an edge that compresses"),
        pytest.param("*", id="any version"),
    ],
)
def test_a_change_for_this_version_passes(given):
    require_match(request(If_Match=given), 7)


def test_a_change_for_another_version_is_refused():
    with pytest.raises(VersionChanged, match='the version is now "7"'):
        require_match(request(If_Match='"6"'), 7)


def test_a_change_for_no_version_is_refused():
    with pytest.raises(MatchMissing):
        require_match(request(), 7)


@pytest.mark.parametrize(("given", "status"), [('"7"', 304), ('"6"', falcon.HTTP_200)])
def test_a_read_of_the_known_version_is_answered_304(given, status):
    resp = Response()

    known = unchanged(request(If_None_Match=given), resp, etag(7))

    assert (known, resp.status, resp.get_header("ETag")) == (status == 304, status, '"7"')
