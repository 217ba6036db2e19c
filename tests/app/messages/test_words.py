"""The words of messages: every built-in one fills in, and what a tenant writes can do no harm."""

from datetime import UTC, datetime

import pytest
from boka_app.messages import words
from boka_app.messages.model import Template, TemplateBroken
from boka_app.messages.rules import CHANNELS_BY_KIND

EVERY = [(kind, channel) for kind, channels in CHANNELS_BY_KIND.items() for channel in channels]


def template(text, **parts):
    return Template(kind="appointment.confirmed", channel="email", locale="en", text_body=text, **parts)


@pytest.mark.parametrize("locale", words.LOCALES)
@pytest.mark.parametrize(("kind", "channel"), EVERY)
def test_every_built_in_message_fills_in(kind, channel, locale):
    filled = words.check(words.built_in(kind, channel, locale))

    assert "{" not in filled.subject + filled.text
    assert (filled.html is not None) == (channel == "email")


@pytest.mark.parametrize(
    "text",
    [
        "{{ nothing.here }}",
        "{{ customer.name",
        "{{ customer.name.upper() }}",
        "{{ customer.__class__ }}",
        "{% for a in visits %}{% for b in visits %}x{% endfor %}{% endfor %}",
        "{% for a in 'aaaa' %}x{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 'a' ~ 'b' }}",
        "{{ '%1000000000s' | format('x') }}",
        "{{ 'x' | center(1000000000) }}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ range(10) }}",
    ],
)
def test_a_template_that_is_broken_or_could_do_harm_is_refused(text):
    with pytest.raises(TemplateBroken):
        words.check(template(text))


def test_values_and_conditions_and_filters_are_enough():
    text = "{% if visits | length > 1 %}many{% else %}{{ customer.name | upper }}, {{ visit.time }}{% endif %}"

    assert words.check(template(text)).text == "ZOË ZIMMER, 11:00\n"


def test_html_escapes_what_people_typed():
    filled = words.fill_in(
        template("x", html_body="<b>{{ customer.name }}</b>"), words.sample("en") | {"customer": {"name": "<script>"}}
    )

    assert filled.html == "<b>&lt;script&gt;</b>"


def test_only_our_own_addresses_become_links():
    values = words.sample("en") | {"customer": {"name": "x https://evil.test/ y"}}

    html = words.fill_in(template("{{ customer.name }}\n\n{{ links.manage }}"), values).html

    assert 'href="https://evil.test' not in html
    assert '<a href="https://example.org/link">https://example.org/link</a>' in html


def test_a_subject_is_one_line():
    values = words.sample("en") | {"customer": {"name": "a\r\nBcc: x"}}

    assert words.fill_in(template("x", subject="Hi {{ customer.name }}"), values).subject == "Hi a Bcc: x"


@pytest.mark.parametrize(
    ("locale", "currency", "told"),
    [("en", "EUR", "1234.50 EUR"), ("de-CH", "EUR", "1234,50 EUR"), ("fr", "JPY", "123450 JPY")],
)
def test_money_is_written_as_people_write_it(locale, currency, told):
    assert words.money(123_450, currency, locale) == told


def test_a_moment_is_told_in_its_zone():
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)

    assert words.moment(at, "America/New_York", "de") == {"date": "Samstag, 28. März 2026", "time": "20:30"}
