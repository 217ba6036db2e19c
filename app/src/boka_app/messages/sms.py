"""One SMS, by the HTTP API that Twilio began and others copied.

Source: twilio.com/docs/messaging/api/message-resource
"""

from http import HTTPStatus

import httpx

from boka_app.messages.model import ChannelBody, Refused

_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


async def send(client: httpx.AsyncClient, api_url: str, channel: ChannelBody, to: str, text: str) -> str | None:
    """Hand an SMS over; return the provider's name for it.

    Raises:
        Refused: the provider will not take it, now or later.
        httpx.HTTPError: it may pass later.
    """
    answer = await client.post(
        f"{api_url}/2010-04-01/Accounts/{channel.account}/Messages.json",
        data={"To": to, "From": channel.sender, "Body": text.strip()},
        auth=(channel.account, channel.token),
    )
    if answer.is_client_error and answer.status_code not in _LATER:
        raise Refused(f"SMS provider {answer.status_code}")
    answer.raise_for_status()
    return answer.json().get("sid")
