"""Entity tags: a row's version as an ETag, and the conditions that requests put on it. Source: RFC 9110, section 13."""

import hashlib

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.conventions.model import MatchMissing, VersionChanged


def etag(version: int) -> str:
    """Return the tag of a version, with its quotes."""
    return f'"{version}"'


def require_match(req: Request, version: int) -> None:
    """Let the change pass if it is meant for this version. Call it with the row locked.

    Raises:
        MatchMissing: the request has no If-Match (428).
        VersionChanged: it names another version (412).
    """
    given = req.get_header("If-Match")
    if given is None:
        raise MatchMissing
    if not _names(given, etag(version)):
        raise VersionChanged(given, version)


def unchanged(req: Request, resp: Response, tag: str) -> bool:
    """Answer the tag; tell whether the caller has this state already, and then answer 304 without a body."""
    resp.set_header("ETag", tag)
    given = req.get_header("If-None-Match")
    if given is None or not _names(given, tag):
        return False
    resp.status = 304
    return True


def answer_unless_known(req: Request, resp: Response, content: object) -> None:
    """Answer content as JSON under a tag made of it, or 304: for lists that have no version of their own."""
    resp.cache_control = ["no-cache"]
    body = msgspec.json.encode(content)
    if not unchanged(req, resp, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'):
        resp.content_type = falcon.MEDIA_JSON
        resp.data = body


def _names(given: str, tag: str) -> bool:
    """Tell whether a list of tags has this one.

    Weak ones count, for changes too: an edge that compresses an answer weakens its tag, and the version stays exact.
    """
    tags = [one.strip().removeprefix("W/") for one in given.split(",")]
    return tag.removeprefix("W/") in tags or tags == ["*"]
