"""`/staff`: server-rendered like the customers' pages. All that these can do, the API can do too."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app import logs
from boka_app.analytics import rules as figures
from boka_app.analytics import service as analytics
from boka_app.catalog.queries import list_employees
from boka_app.conventions.api import origin_of
from boka_app.conventions.model import VersionChanged
from boka_app.database import Connection, platform_transaction, tenant_transaction
from boka_app.errors import DomainError
from boka_app.identity import cookie, invitations
from boka_app.identity import service as identity
from boka_app.identity.model import (
    CodeMissing,
    FirstPassword,
    ForeignOrigin,
    LoginRefused,
    PasswordRefused,
    TokenSpent,
    TooManyAttempts,
)
from boka_app.identity.queries import list_memberships
from boka_app.lifecycle import queries, rules
from boka_app.lifecycle import service as lifecycle
from boka_app.live.queries import get_horizon
from boka_app.openapi.operations import operation
from boka_app.pages.model import today
from boka_app.pages.resource import read_form, show
from boka_app.parts import Parts, Routes
from boka_app.problems.catalog import problem
from boka_app.staff import model
from boka_app.tenants.model import Tenant

_MOST_SHOWN = 500  # appointments of a week; a team of twenty has fewer
_DAYS_OF_FIGURES = 30


def routes(parts: Parts) -> Routes:
    """Return every page of staff and who answers it."""
    return [
        ("/staff", TenantsPage(parts)),
        ("/staff/login", LoginPage(parts)),
        ("/staff/logout", LogoutPage(parts)),
        ("/staff/password", ForgottenPage(parts)),
        ("/staff/password/{token}", PasswordPage(parts)),
        ("/staff/{slug}", CalendarPage(parts)),
        ("/staff/{slug}/dashboard", DashboardPage(parts)),
        ("/staff/{slug}/appointments/{appointment_id:uuid}", AppointmentPage(parts)),
    ]


class _Page:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts


class LoginPage(_Page):
    """Where staff log in."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the form."""
        show(req, resp, "staff/login.html", error=None, email="", next=req.get_param("next") or "")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Begin a session and lead on, or say what is wrong."""
        if not cookie.from_here(req, self._parts.settings.public_url):
            raise ForeignOrigin
        fields = await read_form(req)
        try:
            login = model.login_from_form(fields)
            secret = await identity.log_in_browser(self._parts, login, origin_of(req))
        except (LoginRefused, CodeMissing, TooManyAttempts, msgspec.ValidationError) as err:
            resp.status = falcon.HTTP_429 if isinstance(err, TooManyAttempts) else falcon.HTTP_422
            error = type(LoginRefused() if isinstance(err, msgspec.ValidationError) else err).__name__
            email = fields.get("email", "")
            show(req, resp, "staff/login.html", error=error, email=email, next=fields.get("next", ""))
            return
        cookie.give(resp, secret)
        resp.status, resp.location = falcon.HTTP_303, model.next_page(fields.get("next"))


class ForgottenPage(_Page):
    """Where a link to set a password is asked for."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the form."""
        show(req, resp, "staff/password.html", token=None, refused=None, sent=False)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Send the link to whom it may concern; the answer is the same for all."""
        await invitations.send_link(self._parts, (await read_form(req)).get("email", "")[:254].strip())
        show(req, resp, "staff/password.html", token=None, refused=None, sent=True)


class PasswordPage(_Page):
    """Where the link of a message leads: choose a password."""

    async def on_get(self, req: Request, resp: Response, token: str) -> None:
        """Answer the form."""
        show(req, resp, "staff/password.html", token=token, refused=None, sent=False)

    async def on_post(self, req: Request, resp: Response, token: str) -> None:
        """Set the password and lead to the log-in; or say why not."""
        try:
            wish = msgspec.convert({"token": token, "password": (await read_form(req)).get("password")}, FirstPassword)
            await invitations.take_up(self._parts, wish)
        except (PasswordRefused, TokenSpent) as err:
            resp.status = falcon.HTTP_422
            show(req, resp, "staff/password.html", token=token, refused=str(err), sent=False)
            return
        raise falcon.HTTPSeeOther("/staff/login")


class LogoutPage(_Page):
    """Where a session ends."""

    @operation("Log out of the pages", answer=None, status=303, needs="account.self")
    async def on_post(self, req: Request, resp: Response) -> None:
        """End the session and lead to the log-in."""
        principal = req.context.principal
        async with platform_transaction(self._parts.pool, principal.actor) as conn:
            await identity.log_out(conn, principal, self._parts.now())
        cookie.take_back(resp)
        resp.status, resp.location = falcon.HTTP_303, "/staff/login"


class TenantsPage(_Page):
    """`/staff`: the businesses one works for."""

    @operation("Choose a business", answer=None, needs="account.self")
    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the list, or lead to the only one."""
        principal = req.context.principal
        async with platform_transaction(self._parts.pool, principal.actor) as conn:
            memberships = await list_memberships(conn, principal.id)
        if len(memberships) == 1:
            raise falcon.HTTPSeeOther(f"/staff/{memberships[0].slug}")
        show(req, resp, "staff/tenants.html", memberships=memberships, name=principal.name)


class CalendarPage(_Page):
    """`/staff/{slug}`: the appointments of a day or a week."""

    @operation("Look at the calendar", answer=None, needs="appointments.read")
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer who comes when and to whom."""
        employee_id = req.get_param_as_uuid("employee") if req.get_param("employee") else None
        week = req.get_param("view") == "week"
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            now = today(tenant, self._parts.now())
            dates = model.span(req.get_param_as_date("date") or now, week=week)
            begin, end = rules.local_span(dates, tenant.time_zone)
            since, people = await get_horizon(conn), await list_employees(conn)
            wanted = {"employee": employee_id, "begin": begin, "end": end}
            entries = await queries.list_entries(conn, **wanted, fetch=_MOST_SHOWN)
        show(
            req,
            resp,
            "staff/calendar.html",
            tenant.locale,
            tenant=tenant,
            since=since,
            kinds=model.KINDS,
            days=model.by_day(dates, [lifecycle.in_zone(entry) for entry in entries]),
            today=now,
            week=week,
            before=dates[0] - timedelta(days=len(dates)),
            after=dates[-1] + timedelta(days=1),
            people=people,
            employee_id=employee_id,
            cut=len(entries) == _MOST_SHOWN,
        )


class DashboardPage(_Page):
    """`/staff/{slug}/dashboard`: how the business does."""

    @operation("Look at the figures", answer=None, needs="analytics.read")
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer charts of the last thirty days, or of those asked for."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            now = today(tenant, self._parts.now())
            first, last = figures.span(req.get_param_as_date("from"), req.get_param_as_date("to"), now)
            since, board = await get_horizon(conn), await analytics.read_dashboard(conn, tenant, first, last)
        facts = {"tenant": tenant, "board": board, "since": since, "kinds": model.KINDS, "today": now}
        show(req, resp, "staff/dashboard.html", tenant.locale, **facts)


class AppointmentPage(_Page):
    """`/staff/{slug}/appointments/{id}`: one appointment, and what can be done with it."""

    @operation("Look at an appointment", answer=None, needs="appointments.read")
    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Answer the appointment with the forms that its state allows."""
        await self._show(req, resp, slug, appointment_id, None)

    @operation("Change an appointment by form", answer=None, status=303, needs="appointments.write")
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Do what the button says and show the appointment again; or say why it cannot be done."""
        fields = await read_form(req)
        try:
            async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
                await self._change(conn, tenant, appointment_id, fields)
        except DomainError as err:
            told = problem(err, logs.request_id.get())
            resp.status = told.status
            await self._show(req, resp, slug, appointment_id, told)
            return
        raise falcon.HTTPSeeOther(req.path)

    async def _change(self, conn: Connection, tenant: Tenant, appointment_id: UUID, fields: dict[str, str]) -> None:
        now, waive = self._parts.now(), fields.get("waive") == "yes"
        reason = fields.get("reason", "")[:500]
        steps: dict[str, Any] = {
            "confirm": lifecycle.confirm_or_refuse,
            "complete": lifecycle.complete,
            "no-show": partial(lifecycle.mark_no_show, waive_fee=waive),
            "cancel": partial(lifecycle.cancel, by="staff", reason=reason, waive_fee=waive),
        }
        if step := steps.get(fields.get("do", "")):
            await step(conn, appointment_id, now=now)
            return
        edit = model.edit_from_form(fields, tenant.time_zone)
        await lifecycle.edit(conn, tenant, appointment_id, edit, match=partial(_match, fields), now=now)

    async def _show(self, req: Request, resp: Response, slug: str, appointment_id: UUID, refused: Any) -> None:  # noqa: ANN401  a problem or none
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            entry = lifecycle.in_zone(await queries.get_entry(conn, appointment_id))
            people = [e for e in await list_employees(conn) if entry.service in e.services]
        facts = {"tenant": tenant, "entry": entry, "people": people, "refused": refused}
        may_write = req.context.principal.may("appointments.write")
        begun = entry.starts_at <= self._parts.now()
        show(req, resp, "staff/appointment.html", tenant.locale, **facts, may_write=may_write, begun=begun)


def _match(fields: dict[str, str], version: int) -> None:
    """Pass a form that shows the appointment as it still is."""
    if fields.get("version") != str(version):
        raise VersionChanged(fields.get("version", ""), version)
