"""`/staff`: server-rendered like the customers' pages. All that these can do, the API can do too."""

from datetime import timedelta
from functools import partial
from typing import Any

import falcon
import msgspec

from boka_app import logs
from boka_app.analytics import rules as figures
from boka_app.analytics import service as analytics
from boka_app.catalog.queries import list_employees
from boka_app.conventions.api import Call
from boka_app.conventions.model import VersionChanged
from boka_app.errors import DomainError
from boka_app.identity import cookie, invitations
from boka_app.identity import model as identities
from boka_app.identity import service as identity
from boka_app.identity.queries import list_memberships
from boka_app.lifecycle import queries, rules
from boka_app.lifecycle import service as lifecycle
from boka_app.live.queries import get_horizon
from boka_app.pages.model import today
from boka_app.pages.site import Shown, Site, employee_of
from boka_app.problems.catalog import problem
from boka_app.staff import model

_MOST_SHOWN = 500  # appointments of a week; a team of twenty has fewer
_LOGIN, _FORGOTTEN, _PASSWORD = "/staff/login", "/staff/password", "/staff/password/{token}"
_APPOINTMENT = "/staff/{slug}/appointments/{appointment_id:uuid}"
page = Site()


@page(f"GET {_LOGIN}", alone=True)
async def _ask_who(call: Call) -> Shown:
    """Show the form."""
    return "staff/login.html", {"error": None, "email": "", "next": call.req.get_param("next") or ""}


@page(f"POST {_LOGIN}", alone=True)
async def _log_in(call: Call) -> Shown:
    """Begin a session and lead on, or say what is wrong."""
    if not cookie.from_here(call.req, call.parts.settings.public_url):
        raise identities.ForeignOrigin
    fields = call.wish
    try:
        login = model.login_from_form(fields)
        secret = await identity.log_in_browser(call.parts, login, call.origin)
    except (
        identities.LoginRefused,
        identities.CodeMissing,
        identities.TooManyAttempts,
        msgspec.ValidationError,
    ) as err:
        call.resp.status = falcon.HTTP_429 if isinstance(err, identities.TooManyAttempts) else falcon.HTTP_422
        error = type(identities.LoginRefused() if isinstance(err, msgspec.ValidationError) else err).__name__
        return "staff/login.html", {
            "error": error,
            "email": fields.get("email", ""),
            "next": fields.get("next", ""),
        }
    cookie.give(call.resp, secret)
    return model.next_page(fields.get("next"))


def _password(token: str | None = None, *, refused: str | None = None, sent: bool = False) -> Shown:
    return "staff/password.html", {"token": token, "refused": refused, "sent": sent}


@page(f"GET {_FORGOTTEN}", alone=True)
async def _ask_address(_call: Call) -> Shown:
    """Show the form that asks for a link to set a password."""
    return _password()


@page(f"POST {_FORGOTTEN}", alone=True)
async def _send_link(call: Call) -> Shown:
    """Send the link to whom it may concern; the answer is the same for all."""
    await invitations.send_link(call.parts, call.wish.get("email", "")[:254].strip())
    return _password(sent=True)


@page(f"GET {_PASSWORD}", alone=True)
async def _ask_password(call: Call) -> Shown:
    """Show the form to which the link of a message leads."""
    return _password(call.path["token"])


@page(f"POST {_PASSWORD}", alone=True)
async def _set_password(call: Call) -> Shown:
    """Set the password and lead to the log-in; or say why not."""
    token = call.path["token"]
    try:
        wish = msgspec.convert({"token": token, "password": call.wish.get("password")}, identities.FirstPassword)
        await invitations.take_up(call.parts, wish)
    except (identities.PasswordRefused, identities.TokenSpent) as err:
        call.resp.status = falcon.HTTP_422
        return _password(token, refused=str(err))
    return _LOGIN


@page("POST /staff/logout", needs="account.self")
async def _log_out(call: Call) -> Shown:
    """End the session and lead to the log-in."""
    await identity.log_out(call.conn, call.principal, call.now)
    cookie.take_back(call.resp)
    return _LOGIN


@page("GET /staff", needs="account.self")
async def _list_tenants(call: Call) -> Shown:
    """Show the businesses one works for, or lead to the only one."""
    memberships = await list_memberships(call.conn, call.principal.id)
    if len(memberships) == 1:
        return f"/staff/{memberships[0].slug}"
    return "staff/tenants.html", {"memberships": memberships, "name": call.principal.name}


@page("GET /staff/{slug}", needs="appointments.read")
async def _show_calendar(call: Call) -> Shown:
    """Show who comes when and to whom, on a day or in a week."""
    employee_id, week = employee_of(call), call.req.get_param("view") == "week"
    now = today(call.tenant, call.now)
    dates = model.span(call.req.get_param_as_date("date") or now, week=week)
    begin, end = rules.local_span(dates, call.tenant.time_zone)
    since, people = await get_horizon(call.conn), await list_employees(call.conn)
    wanted = {"employee": employee_id, "begin": begin, "end": end}
    entries = await queries.list_entries(call.conn, **wanted, fetch=_MOST_SHOWN)
    return "staff/calendar.html", {
        "since": since,
        "kinds": model.KINDS,
        "days": model.by_day(dates, [lifecycle.in_zone(entry) for entry in entries]),
        "today": now,
        "week": week,
        "before": dates[0] - timedelta(days=len(dates)),
        "after": dates[-1] + timedelta(days=1),
        "people": people,
        "employee_id": employee_id,
        "cut": len(entries) == _MOST_SHOWN,
    }


@page("GET /staff/{slug}/dashboard", needs="analytics.read")
async def _show_figures(call: Call) -> Shown:
    """Show charts of the last thirty days, or of those asked for."""
    now = today(call.tenant, call.now)
    first, last = figures.span(call.req.get_param_as_date("from"), call.req.get_param_as_date("to"), now)
    since, board = await get_horizon(call.conn), await analytics.read_dashboard(call.conn, call.tenant, first, last)
    return "staff/dashboard.html", {"board": board, "since": since, "kinds": model.KINDS, "today": now}


@page(f"GET {_APPOINTMENT}", needs="appointments.read")
async def _show_appointment(call: Call, refused: Any = None) -> Shown:  # noqa: ANN401  a problem or none
    """Show the appointment with the forms that its state allows."""
    entry = lifecycle.in_zone(await queries.get_entry(call.conn, call.id))
    people = [e for e in await list_employees(call.conn) if entry.service in e.services]
    may_write, begun = call.principal.may("appointments.write"), entry.starts_at <= call.now
    facts = {"entry": entry, "people": people, "refused": refused}
    return "staff/appointment.html", facts | {"may_write": may_write, "begun": begun}


@page(f"POST {_APPOINTMENT}", needs="appointments.write")
async def _change_appointment(call: Call) -> Shown:
    """Do what the button says and show the appointment again; or say why it cannot be done."""
    try:
        async with call.conn.transaction():
            await _change(call)
    except DomainError as err:
        told = problem(err, logs.request_id.get())
        call.resp.status = told.status
        return await _show_appointment(call, told)
    return call.req.path


async def _change(call: Call) -> None:
    fields, now = call.wish, call.now
    waive, reason = fields.get("waive") == "yes", fields.get("reason", "")[:500]
    steps: dict[str, Any] = {
        "confirm": lifecycle.confirm_or_refuse,
        "complete": lifecycle.complete,
        "no-show": partial(lifecycle.mark_no_show, waive_fee=waive),
        "cancel": partial(lifecycle.cancel, by="staff", reason=reason, waive_fee=waive),
    }
    if step := steps.get(fields.get("do", "")):
        await step(call.conn, call.id, now=now)
        return
    edit = model.edit_from_form(fields, call.tenant.time_zone)
    await lifecycle.edit(call.conn, call.tenant, call.id, edit, match=partial(_match, fields), now=now)


def _match(fields: dict[str, str], version: int) -> None:
    """Pass a form that shows the appointment as it still is."""
    if fields.get("version") != str(version):
        raise VersionChanged(fields.get("version", ""), version)
