"""One line in the staff's chat, by Apprise. Only services whose host is their own, so that no tenant aims at ours."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from boka_app.messages.model import ChannelRefused

# Apprise's names of services that are always reached at the provider's own host.
_HOSTED = ("discord", "gchat", "slack", "tgram", "workflows", "wxteams", "zulip")
_ANY_HOST = ("json", "jsons")  # to a host that the operator allowed


def check(address: str, networks: Sequence[str]) -> None:
    """Let an address pass.

    Raises:
        ChannelRefused: it is of another service, or leads where it must not.
    """
    url = urlsplit(address)
    if url.scheme not in _HOSTED and not (url.scheme in _ANY_HOST and _is_allowed(url.hostname or "", networks)):
        raise ChannelRefused(f"a chat address begins with one of {', '.join(_HOSTED)}, in the form that Apprise has")


def _is_allowed(host: str, networks: Sequence[str]) -> bool:
    try:
        return any(ip_address(host) in ip_network(network) for network in networks)
    except ValueError:  # a name: what it leads to may change
        return False


async def send(address: str, text: str) -> None:
    """Post a line.

    Raises:
        OSError: it did not arrive; it may later.
    """
    from apprise import Apprise  # noqa: PLC0415  0.3 s to load, and few tenants use it

    chat = Apprise()
    known = chat.add(address)  # pyright: ignore[reportUnknownMemberType]  Apprise leaves a dict's members open
    if not known or not await chat.async_notify(body=text.strip()):
        raise OSError("the chat did not take the line")
