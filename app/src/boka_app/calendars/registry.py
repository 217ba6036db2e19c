"""The providers there are. To add one, write its module and its line here, and its settings."""

from boka_app.calendars.google import Google
from boka_app.calendars.microsoft import Microsoft
from boka_app.calendars.model import ProviderMissing
from boka_app.calendars.providers import Provider
from boka_app.settings import Settings

PROVIDERS: dict[str, type[Provider]] = {"google": Google, "microsoft": Microsoft}


def provider(settings: Settings, name: str) -> Provider:
    """Return a provider by its name.

    Raises:
        ProviderMissing: the site is not registered with it.
    """
    told = {"google": settings.google, "microsoft": settings.microsoft}.get(name)
    if told is None:
        raise ProviderMissing(name)
    return PROVIDERS[name](told)


def redirect_uri(settings: Settings, name: str) -> str:
    """Return where a provider sends the browser back to; registered there, so it must not change."""
    return f"{settings.public_url}/api/calendars/oauth/{name}"
