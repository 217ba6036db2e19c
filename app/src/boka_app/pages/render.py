"""Templates to HTML, escaping everything, and the assets they use."""

import hashlib
from importlib.resources import files
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

_MEDIA_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}

ASSETS: dict[str, tuple[str, bytes]] = {
    entry.name: (_MEDIA_TYPES[entry.name.rpartition(".")[2]], entry.read_bytes())
    for entry in files("boka_app.pages").joinpath("assets").iterdir()
}


def render(template: str, **values: Any) -> str:  # noqa: ANN401  whatever the template shows
    """Return the page."""
    return _environment.get_template(template).render(values)


def _asset(name: str) -> str:
    """Return an address that changes with the content, so that browsers may keep it for good."""
    return f"/assets/{name}?v={hashlib.sha256(ASSETS[name][1]).hexdigest()[:12]}"


def _price(minor: int, currency: str) -> str:
    return f"{minor // 100}.{minor % 100:02} {currency}" if minor else "Free of charge"


_environment = Environment(
    loader=PackageLoader("boka_app.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
cast("dict[str, Any]", _environment.filters).update(asset=_asset, price=_price)
