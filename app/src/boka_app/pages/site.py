"""The pages of customers and staff, each a function below `@page("GET /b/{slug}")`.

It gets a `Call`, already in its transaction, whose wish is the form that was sent. It returns a template and what that
shows, or the address to go on to. Who has a token in the address has the token of the thing in it.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import falcon
from falcon.asgi import Request, Response
from falcon.uri import parse_query_string

from boka_app.appointments.model import AppointmentUnknown
from boka_app.body import read_body
from boka_app.conventions.api import Api, Call, enter
from boka_app.openapi.operations import operation
from boka_app.pages.render import choose_language, render
from boka_app.parts import Parts

Shown = tuple[str, dict[str, Any]] | str | None
_Page = Callable[..., Awaitable[Shown]]
_Do = TypeVar("_Do", bound=_Page)


class Site(Api):
    """Gathers pages and makes their resources."""

    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]  nothing asks a page for what it answers
        self,
        address: str,
        *,
        needs: str | None = None,
        alone: bool = False,
        unknown: Callable[[UUID], Exception] = AppointmentUnknown,
        purpose: str = "appointment",
    ) -> Callable[[_Do], _Do]:
        """Add a page: `address` is its method and path. Where `alone`, it opens its transactions itself.

        `unknown` and `purpose` are of the thing whose token is in the path.
        """
        method, path = address.split()

        async def respond(do: _Page, parts: Parts, req: Request, resp: Response, **given: Any) -> None:  # noqa: ANN401  the path's fields
            form = await read_form(req) if method == "POST" and req.content_type else {}  # a button alone sends none
            async with AsyncExitStack() as stack:
                entered = (None, None) if alone else await enter(stack, req, parts, given.get("slug"))
                call = Call(req, resp, parts, given, form, "", *entered)
                if "{token}" in path and not alone:
                    call.prove(unknown, given["token"], purpose=purpose)
                shown = await do(call)
            if isinstance(shown, str):
                resp.status, resp.location = falcon.HTTP_303, shown
            elif shown is not None:
                template, facts = shown
                show(req, resp, template, **({"tenant": call.tenant} if call.tenant else {}) | facts)

        def add(do: _Do) -> _Do:
            told = operation(address, needs=needs)
            self._made.append((path, method.lower(), lambda parts: told(partial(respond, do, parts))))
            return do

        return add


def show(req: Request, resp: Response, template: str, **values: Any) -> None:  # noqa: ANN401  whatever the template shows
    """Answer a page in the language that the reader's browser asks for, else in the tenant's."""
    tenant = values.get("tenant")
    language = choose_language(req.get_header("Accept-Language"), tenant.locale if tenant else "en")
    resp.content_type = falcon.MEDIA_HTML
    resp.cache_control = ["no-store"]  # free times and personal pages are both stale a moment later
    resp.append_header("Vary", "Accept-Language")
    resp.text = render(template, language, **values)


async def read_form(req: Request) -> dict[str, str]:
    """Return the fields of a form; of one that came twice the last."""
    body = await read_body(req, falcon.MEDIA_URLENCODED)
    fields = parse_query_string(body.decode("ascii", "replace"), keep_blank=True, csv=False)
    return {name: value if isinstance(value, str) else value[-1] for name, value in fields.items()}


def employee_of(call: Call) -> UUID | None:
    """Return the employee that the address asks for; an empty one is nobody."""
    return call.req.get_param_as_uuid("employee") if call.req.get_param("employee") else None
