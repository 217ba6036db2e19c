"""Templates to HTML in the reader's language, escaping everything, and the assets they use."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any, cast
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

_HERE = files("boka_app.pages")
_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "XOF": 0, "XAF": 0, "UGX": 0, "KWD": 3, "BHD": 3, "TND": 3}

ASSETS: dict[str, tuple[str, bytes]] = {
    entry.name: (_MEDIA_TYPES[entry.name.rpartition(".")[2]], entry.read_bytes())
    for entry in _HERE.joinpath("assets").iterdir()
}
# Texts are written in English in the templates, patterns of dates too; a language maps them to its own.
WORDS: dict[str, dict[str, str]] = {"en": {}, "de": json.loads(_HERE.joinpath("words", "de.json").read_text("utf-8"))}


def render(template: str, language: str = "en", **values: Any) -> str:  # noqa: ANN401  whatever the template shows
    """Return the page in one of the languages of WORDS."""
    return _ENVIRONMENTS[language].get_template(template).render(values)


def choose_language(accepted: str | None, default: str) -> str:
    """Return the language that Accept-Language asks for first, of those there are; else the default or English."""
    wishes = [wish.partition(";") for wish in (accepted or "").lower().split(",")]
    ranked = sorted(wishes, key=lambda wish: -_weight(wish[2]))
    codes = [tag.strip().partition("-")[0] for tag, _, weight in ranked if _weight(weight) > 0]
    return next((code for code in (*codes, default.partition("-")[0]) if code in WORDS), "en")


def _weight(parameters: str) -> float:
    try:
        return float(parameters.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0


def _asset(name: str) -> str:
    """Return an address that changes with the content, so that browsers may keep it for good."""
    return f"/assets/{name}?v={hashlib.sha256(ASSETS[name][1]).hexdigest()[:12]}"


def _query(**given: Any) -> str:  # noqa: ANN401  whatever has a text
    """Return the part of a link after the path, without what is empty."""
    return "?" + urlencode({name.rstrip("_"): str(value) for name, value in given.items() if value})


def _environment(words: Mapping[str, str], language: str) -> Environment:
    def t(text: str, **values: Any) -> str:  # noqa: ANN401
        return words.get(text, text).format(**values) if values else words.get(text, text)

    def when(moment: date, pattern: str = "%A %-d %B %Y, %H:%M") -> str:
        own = t(pattern)
        for name in ("%A", "%a", "%B", "%b"):
            own = own.replace(name, t(moment.strftime(name)))
        return moment.strftime(own)

    def price(minor: int, currency: str) -> str:
        digits = _MINOR_DIGITS.get(currency, 2)
        return f"{minor / 10**digits:.{digits}f} {currency}".replace(".", t("."))

    environment = Environment(
        loader=PackageLoader("boka_app.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, Any]", environment.filters).update(asset=_asset, price=price, when=when)
    cast("dict[str, Any]", environment.globals).update(t=t, query=_query, language=language)
    return environment


_ENVIRONMENTS = {language: _environment(words, language) for language, words in WORDS.items()}
