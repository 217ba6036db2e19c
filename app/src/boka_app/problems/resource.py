"""`/problems/{name}`: what a problem's type means."""

import falcon
from falcon.asgi import Request, Response

from boka_app.pages.render import render
from boka_app.problems.catalog import kind_by_name


class ProblemPageResource:
    """One page for each kind of refusal."""

    async def on_get(self, _req: Request, resp: Response, name: str) -> None:
        """Answer the page."""
        kind = kind_by_name().get(name)
        if kind is None:
            raise falcon.HTTPNotFound
        resp.content_type = falcon.MEDIA_HTML
        resp.text = render("problem_kind.html", kind=kind)
