"""Turn any error into its answer: problem+json for programs, a page for people."""

import logging
import traceback
from http import HTTPStatus
from typing import Any

import falcon
import msgspec
import psycopg
from falcon.asgi import App, Request, Response, WebSocket

from boka_app import logs
from boka_app.errors import DomainError
from boka_app.pages.render import render
from boka_app.problems.catalog import Problem, problem

_log = logging.getLogger(__name__)
_RETRY_AFTER_S = 2  # the pool tries again within 3 s, so the second repetition at the latest finds it
_CLOSE_CODES = 3000  # and the status: how Falcon closes a WebSocket for an error; before it is open, that is a 403


def install(app: App[Any, Any]) -> None:
    """Let this module answer every error of the app."""
    app.add_error_handler(Exception, _answer)
    app.add_error_handler(falcon.HTTPError, _answer)  # Falcon has one of its own that would go first


async def _answer(
    req: Request, resp: Response, error: Exception, _params: dict[str, object], ws: WebSocket | None = None
) -> None:
    told = problem(error, logs.request_id.get())
    _report(error, told)
    if ws is not None:
        await ws.close(_CLOSE_CODES + told.status)
        return
    resp.status = told.status
    if isinstance(error, falcon.HTTPError) and error.headers:
        resp.set_headers(error.headers)
    retry_after_s = error.retry_after_s if isinstance(error, DomainError) else None
    if retry_after_s or told.status == HTTPStatus.SERVICE_UNAVAILABLE:
        resp.set_header("Retry-After", str(retry_after_s or _RETRY_AFTER_S))
    if told.status == HTTPStatus.UNAUTHORIZED:
        resp.set_header("WWW-Authenticate", "Bearer")
    resp.cache_control = ["no-store"]
    if req.path.startswith("/api/") or "text/html" not in req.accept:  # curl's */* gets JSON
        resp.content_type = "application/problem+json"
        resp.data = msgspec.json.encode(told)
    else:
        resp.content_type = falcon.MEDIA_HTML
        resp.text = render("problem.html", problem=told)


def _report(error: Exception, told: Problem) -> None:
    if isinstance(error, DomainError):
        return  # foreseen, and counted by its status
    if told.status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("the database does not answer: %s", type(error).__name__)
    elif told.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # No logging of the error itself: the text of PostgreSQL's quotes the row, and that is a person.
        trace = "".join(traceback.format_tb(error.__traceback__))
        facts = {"error": type(error).__name__, "exception": trace} | _diagnosis(error)
        _log.error("answered with a defect of ours", extra={"facts": facts})


def _diagnosis(error: Exception) -> dict[str, object]:
    if isinstance(error, psycopg.Error):
        return {"sqlstate": error.sqlstate, "constraint": error.diag.constraint_name}
    return {"text": str(error)}
