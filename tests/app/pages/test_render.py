"""Languages: each text of the templates has its words, and the reader's wish decides."""

import re
import string
from datetime import datetime
from pathlib import Path

import pytest
from boka_app import pages
from boka_app.identity.permissions import ROLES
from boka_app.pages.model import REASONS
from boka_app.pages.render import _ENVIRONMENTS, WORDS, choose_language

TEMPLATES = Path(pages.__file__).parent / "templates"
TEXT = re.compile(r"""\bt\(\s*(?:"([^"]+)"|'([^']+)')""")
FORMAT = re.compile(r"""\bwhen\("([^"]+)"\)""")
STATES = ("held", "pending", "confirmed", "completed", "cancelled", "expired", "no_show")


def texts():
    for path in TEMPLATES.rglob("*.html"):
        for found in TEXT.findall(path.read_text()):
            yield found[0] or found[1]


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", [language for language in WORDS if language != "en"])
def test_every_text_has_its_words(language):
    wanted = {*texts(), *STATES, *ROLES, *REASONS.values()}

    assert sorted(wanted - WORDS[language].keys()) == []


@pytest.mark.parametrize("language", [language for language in WORDS if language != "en"])
def test_words_keep_what_is_filled_in(language):
    assert [text for text, words in WORDS[language].items() if fields(text) != fields(words)] == []


@pytest.mark.parametrize(
    ("accepted", "default", "chosen"),
    [
        pytest.param("de-AT,en;q=0.5", "en", "de", id="wished"),
        pytest.param("en;q=0.4, de;q=0.9", "en", "de", id="weighed"),
        pytest.param("fr, de;q=0", "en", "en", id="refused"),
        pytest.param("fr", "de-DE", "de", id="the tenant's"),
        pytest.param(None, "fr", "en", id="none of ours"),
        pytest.param("de;q=x", "en", "en", id="nonsense"),
    ],
)
def test_the_reader_decides_the_language(accepted, default, chosen):
    assert choose_language(accepted, default) == chosen


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "Monday 2 March 2026, 09:05"), ("de", "Montag, 2. März 2026, 09:05 Uhr")]
)
def test_a_date_reads_as_the_language_has_it(language, shown):
    when = _ENVIRONMENTS[language].filters["when"]

    assert when(datetime(2026, 3, 2, 9, 5)) == shown  # noqa: DTZ001  as a clock on the wall


@pytest.mark.parametrize(
    ("language", "minor", "currency", "shown"),
    [
        ("en", 3900, "EUR", "39.00 EUR"),
        ("de", 3900, "EUR", "39,00 EUR"),
        ("en", 500, "JPY", "500 JPY"),
        ("en", 1, "KWD", "0.001 KWD"),
    ],
)
def test_a_price_has_the_digits_of_its_currency(language, minor, currency, shown):
    assert _ENVIRONMENTS[language].filters["price"](minor, currency) == shown
