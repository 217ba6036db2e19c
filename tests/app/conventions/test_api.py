"""What an operation's function says of itself, and what the ways around it do."""

from uuid import uuid4

import falcon
import falcon.media
import msgspec
import pytest
from boka_app.conventions.api import Api, Call
from boka_app.openapi.operations import IF_NONE_MATCH, described_as
from falcon import testing
from falcon.asgi import App

from app.conftest import settings

api = Api()
THING = uuid4()


class Wish(msgspec.Struct):
    word: str


class Thing(msgspec.Struct):
    word: str
    version: int = 3


@api("POST /things", "Make a thing", status=201, alone=True)
async def _make(_call: Call, wish: Wish) -> Thing:
    return Thing(wish.word)


@api("GET /things/{id:uuid}", "Read a thing", parameters=[IF_NONE_MATCH], alone=True)
async def _read(call: Call) -> Thing:
    return Thing(str(call.id))


@api("DELETE /things/{id:uuid}", "Remove a thing", alone=True)
async def _remove(_call: Call) -> None:
    pass


class NoParts:
    settings = settings()


@pytest.fixture
def client():
    app = App()
    json = falcon.media.JSONHandler(dumps=msgspec.json.encode, loads=msgspec.json.decode)
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json
    for path, resource in api.routes(NoParts()):
        app.add_route(path, resource)
    return testing.TestClient(app)


def test_answer_and_body_are_those_of_the_function():
    resource_by_path = dict(api.routes(NoParts()))
    made = described_as(resource_by_path["/things"].on_post)
    removed = described_as(resource_by_path["/things/{id:uuid}"].on_delete)

    assert (made.answer, made.body, made.status) == (Thing, Wish, 201)
    assert (removed.answer, removed.body, removed.status) == (None, None, 204)


def test_a_wish_is_decoded_and_the_answer_has_its_version_as_etag(client):
    answer = client.simulate_post("/things", body='{"word": "cut"}', content_type="application/json")

    assert (answer.status_code, answer.json, answer.headers["etag"]) == (201, {"word": "cut", "version": 3}, '"3"')


def test_what_may_be_asked_about_again_may_be_kept(client):
    read, removed = client.simulate_get(f"/things/{THING}"), client.simulate_delete(f"/things/{THING}")

    assert (read.json["word"], "cache-control" in read.headers) == (str(THING), False)
    assert (removed.status_code, removed.headers["cache-control"]) == (204, "no-store")
