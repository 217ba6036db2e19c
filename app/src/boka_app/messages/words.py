"""The words of a message: built-in or the tenant's, filled in with what it tells of.

What a template may use: `tenant.name`, `customer.name`, `account.name`; `visit.service`, `.employee`, `.date`, `.time`,
`.zone`, `.until`; `visits` (each `.date`, `.time`); `amount`; `links.manage`, `.book`, `.unsubscribe`, `.account`.
Tenants write templates, so they are a small part of Jinja: values, conditions, a loop over a value, a few filters. No
call, no arithmetic, no loop in a loop: nothing that could run for long or grow large.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from boka_app.calendars.model import Visit
from boka_app.messages.model import Channel, Subject, Template, TemplateBroken, Words
from boka_app.messages.rules import CHANNELS_BY_KIND
from boka_app.payments.rules import digits

LOCALES = ("en", "de")
_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter),
)
_FILTERS = {"upper", "lower", "capitalize", "title", "trim", "first", "last", "length", "default", "d", "e", "escape"}
_HTML = """<!doctype html>
<html lang="{{ locale }}"><head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="font:16px/1.5 sans-serif;max-width:36em;margin:2em auto;padding:0 1em">
{% for paragraph in paragraphs %}
<p>{{ paragraph }}</p>
{% endfor %}
<p style="color:#595959;font-size:13px">{{ tenant.name }}
{% if links.get("unsubscribe") %}
 · <a href="{{ links.unsubscribe }}">{{ label }}</a>
{% endif %}
</p>
</body></html>
"""
_ENVIRONMENTS = {
    html: SandboxedEnvironment(undefined=StrictUndefined, autoescape=html, trim_blocks=True, lstrip_blocks=True)
    for html in (False, True)
}


def fill_in(template: Template, values: Mapping[str, Any]) -> Words:
    """Return the words of a message.

    Raises:
        TemplateBroken: the template is not accepted, or uses what there is not.
    """
    # A line end in a value would begin another header.
    subject = " ".join(_render("subject", template.subject, values, html=False).split())
    text = _render("text_body", template.text_body, values, html=False).strip() + "\n"
    if template.html_body is not None:
        html = _render("html_body", template.html_body, values, html=True)
    else:
        html = _as_html(template, subject, text, values) if template.channel == "email" else None
    return Words(subject=subject[:200], text=text, html=html)


def check(template: Template) -> Words:
    """Return a tenant's words filled in with a sample.

    Raises:
        TemplateBroken: there is no such message, or they cannot be filled in; the text says why.
    """
    built_in(template.kind, template.channel, template.locale)
    return fill_in(template, sample(template.locale))


def built_in(kind: str, channel: Channel, locale: str) -> Template:
    """Return our own words, in English where we do not speak the language.

    Raises:
        TemplateBroken: there is no such message.
    """
    if channel not in CHANNELS_BY_KIND.get(kind, ()):
        raise TemplateBroken("kind", f"no message {kind!r} goes by {channel}; see the built-in ones")
    words = _spoken(locale)[kind]
    text = words["text" if channel == "email" else channel]
    subject = words["subject"] if channel == "email" else ""
    return Template(kind=kind, channel=channel, locale=locale, subject=subject, text_body=text)


def best(own: Mapping[str, Template], kind: str, channel: Channel, locale: str) -> Template:
    """Return the tenant's words in the language, else in its base language, else ours."""
    return own.get(locale) or own.get(locale[:2]) or built_in(kind, channel, locale)


def moment(at: datetime, zone: str, locale: str) -> dict[str, str]:
    """Return a time as people of the language write it: its date and its time of day."""
    local, spoken = at.astimezone(ZoneInfo(zone)), _spoken(locale)
    weekday, month = spoken["weekdays"][local.weekday()], spoken["months"][local.month - 1]
    date = spoken["date"].format(weekday=weekday, day=local.day, month=month, year=local.year)
    return {"date": date, "time": f"{local:%H:%M}"}


def money(minor: int, currency: str, locale: str) -> str:
    """Return an amount as people of the language write it."""
    places = digits(currency)
    return f"{minor / 10**places:.{places}f}".replace(".", _spoken(locale)["decimal"]) + f" {currency}"


def values(subject: Subject, visits: Sequence[Visit], links: Mapping[str, str], locale: str) -> dict[str, Any]:
    """Return what a template may use, as far as the message has it. Times are in the customer's zone."""
    zone = subject.customer_zone if subject.customer_zone and subject.channel != "chat" else subject.time_zone
    found: dict[str, Any] = {"links": links, "locale": locale, "tenant": {"name": subject.tenant_name}}
    people = {"customer": subject.customer_name, "account": subject.account_name}
    found |= {who: {"name": _person(name)} for who, name in people.items() if name is not None}
    if subject.amount_minor is not None and subject.currency is not None:
        found["amount"] = money(subject.amount_minor, subject.currency, locale)
    if subject.starts_at is not None:
        visit = {"service": subject.service_name, "employee": subject.employee_name, "zone": zone}
        visit |= moment(subject.starts_at, zone, locale)
        if subject.offer_until is not None:
            visit["until"] = moment(subject.offer_until, zone, locale)["time"]
        found["visit"] = visit
        found["visits"] = [moment(one.starts_at, zone, locale) for one in visits]
    return found


def sample(locale: str) -> dict[str, Any]:
    """Return one value of each that a template may use."""
    at = datetime.fromisoformat("2026-11-23T10:00:00+00:00")
    when = moment(at, "Europe/Berlin", locale)
    visit = {"service": "Haircut", "employee": "Ada", "zone": "Europe/Berlin", "until": when["time"]} | when
    links = dict.fromkeys(("manage", "book", "unsubscribe", "account"), "https://example.org/link")
    people = {"tenant": {"name": "Salon"}, "customer": {"name": "Zoë Zimmer"}, "account": {"name": "Zoë Zimmer"}}
    found = {"visit": visit, "visits": [when], "amount": money(2500, "EUR", locale)}
    return people | found | {"links": links, "locale": locale}


def _render(part: str, source: str, values: Mapping[str, Any], *, html: bool) -> str:
    environment = _ENVIRONMENTS[html]
    try:
        _check_nodes(part, environment.parse(source))
        return environment.from_string(source).render(values)
    except (TemplateError, TypeError, RecursionError) as err:
        raise TemplateBroken(part, str(err)) from err


def _check_nodes(part: str, tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.For) and next(node.find_all(nodes.For), None) is not None:
            raise TemplateBroken(part, "a loop is inside a loop")
        if isinstance(node, nodes.For) and not isinstance(node.iter, nodes.Name | nodes.Getattr):
            raise TemplateBroken(part, "a loop goes over a value, such as visits")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise TemplateBroken(part, f"the filter {node.name!r} is not allowed; use one of {sorted(_FILTERS)}")
        if not isinstance(node, _ALLOWED):
            raise TemplateBroken(part, f"{type(node).__name__.lower()} is not allowed; use values, if, for and filters")


def _as_html(template: Template, subject: str, text: str, values: Mapping[str, Any]) -> str:
    paragraphs = [_paragraph(each, values["links"]) for each in text.strip().split("\n\n") if each.strip()]
    facts = {"locale": template.locale, "subject": subject, "paragraphs": paragraphs}
    label = _spoken(template.locale)["unsubscribe"]
    return _ENVIRONMENTS[True].from_string(_HTML).render({**values, **facts, "label": label})


def _paragraph(text: str, links: Mapping[str, str]) -> Markup:
    """Return a paragraph in which our own addresses are links, and nothing that anybody typed is."""
    escaped = str(escape(text.strip()))
    for address in {str(escape(each)) for each in links.values()}:
        escaped = re.sub(re.escape(address) + r"(?!\S)", f'<a href="{address}">{address}</a>', escaped)
    return Markup(escaped.replace("\n", "<br>\n"))  # noqa: S704  escaped above


def _person(name: str) -> str:
    """Return a name without addresses: who books for a stranger must not have us mail them a link of his."""
    return re.sub(r"\S*(://|www\.)\S*", "", name).strip() or "…"


def _spoken(locale: str) -> dict[str, Any]:
    return _read(locale[:2] if locale[:2] in LOCALES else LOCALES[0])


@cache
def _read(language: str) -> dict[str, Any]:
    return tomllib.loads(files("boka_app.messages").joinpath("words", f"{language}.toml").read_text())
