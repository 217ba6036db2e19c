"""An operation that will go tells of it in every answer, and in the document."""

import asyncio
from datetime import UTC, datetime

from boka_app.openapi.document import build
from boka_app.openapi.operations import Retired, operation
from falcon.asgi import Response

END = Retired(datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC))


class Old:
    @operation("Read the old thing", answer=dict[str, str], retired=END)
    async def on_get(self, _req, resp):
        resp.media = {"old": "thing"}


def test_a_retired_operation_says_since_when_and_until():
    resp = Response()

    asyncio.run(Old().on_get(None, resp))

    assert resp.headers == {"deprecation": "@1793491200", "sunset": "Sat, 01 May 2027 00:00:00 GMT"}
    assert resp.media == {"old": "thing"}


def test_a_retired_function_says_so_as_well():
    @operation("Read the old thing", answer=dict[str, str], retired=END)
    async def read(_req, resp):
        resp.media = {"old": "thing"}

    resp = Response()
    asyncio.run(read(None, resp))

    assert (resp.get_header("Sunset"), resp.media) == ("Sat, 01 May 2027 00:00:00 GMT", {"old": "thing"})


def test_the_document_says_so():
    (told,) = build([("/api/old", Old())])["paths"]["/api/old"].values()

    assert (told["deprecated"], told["x-sunset"]) == (True, "2027-05-01T00:00:00+00:00")
