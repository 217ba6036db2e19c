"""The providers there are. To add one, write its module and its line here, and its settings."""

from typing import TYPE_CHECKING

from boka_app.calendars.google import Google
from boka_app.calendars.microsoft import Microsoft
from boka_app.calendars.model import ProviderMissing
from boka_app.calendars.providers import Provider
from boka_app.settings import Settings

if TYPE_CHECKING:
    import httpx  # the API builds addresses for people and sends nothing, so it does not load a client

PROVIDERS: dict[str, type[Provider]] = {"google": Google, "microsoft": Microsoft}


def provider(settings: Settings, name: str, http: "httpx.AsyncClient | None" = None, calendar: str = "") -> Provider:
    """Return a provider by its name; with a client also one calendar there.

    Raises:
        ProviderMissing: the site is not registered with it.
    """
    told = {"google": settings.google, "microsoft": settings.microsoft}.get(name)
    if told is None:
        raise ProviderMissing(name)
    # Where it sends the browser back to: registered there, so it must not change.
    return PROVIDERS[name](told, f"{settings.public_url}/api/calendars/oauth/{name}", http, calendar)
