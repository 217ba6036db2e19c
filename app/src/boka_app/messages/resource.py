"""`/api/tenants/{slug}/templates`, `/channels`, `/notifications`; and the page on which a customer unsubscribes."""

from functools import partial
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments import tokens
from boka_app.audit import queries as audit
from boka_app.conventions.api import Api, Call
from boka_app.conventions.editing import edit, edit_all
from boka_app.conventions.model import RowUnknown
from boka_app.database import tenant_transaction
from boka_app.messages import chat, model, queries, words
from boka_app.messages.links import UNSUBSCRIBE
from boka_app.messages.model import ChannelInfo, Notification, Template, Words
from boka_app.messages.rules import CHANNELS_BY_KIND
from boka_app.messages.tables import NOTIFICATIONS, TEMPLATES, NewTemplate
from boka_app.pages.site import show
from boka_app.parts import Parts, Routes
from boka_app.worker.defer import defer

_TENANT = "/api/tenants/{slug}"
_CHANNEL = f"{_TENANT}/channels/{{channel}}"
api = Api()
_look, _change = partial(api, needs="messages.read"), partial(api, needs="messages.write", problems=[RowUnknown])

edit(api, f"{_TENANT}/templates", TEMPLATES)
edit_all(api, f"{_TENANT}/notifications", NOTIFICATIONS)


def page_routes(parts: Parts) -> Routes:
    """Return the address that customers' mails lead to."""
    return [("/b/{slug}/unsubscribe/{customer_id:uuid}/{token}", UnsubscribePage(parts))]


@_look(f"GET {_TENANT}/templates/built-in", "List the built-in templates")
async def _list_built_in(_call: Call) -> list[Template]:
    """Answer every message in every language we speak."""
    return [
        words.built_in(kind, channel, locale)
        for kind, channels in CHANNELS_BY_KIND.items()
        for channel in channels
        for locale in words.LOCALES
    ]


@_look(f"POST {_TENANT}/templates/preview", "Fill a template in with a sample")
async def _preview(_call: Call, wish: NewTemplate) -> Words:
    """Answer the words; nothing is kept."""
    return words.check(wish)


@_look(f"GET {_TENANT}/channels", "List the channels set up")
async def _list_channels(call: Call) -> list[ChannelInfo]:
    """Answer them, without their secrets."""
    return await queries.list_channels(call.conn)


@_change(
    f"PUT {_CHANNEL}",
    "Set a channel up, or anew",
    answer=ChannelInfo,
    if_match=True,
    problems=[RowUnknown, model.ChannelRefused],
)
async def _set_up(call: Call, wish: model.ChannelBody) -> ChannelInfo | None:
    """Keep it, sealed. If-Match is needed once it exists."""
    channel = call.path["channel"]
    if channel == "chat":
        chat.check(wish.address, call.parts.settings.webhook_networks)
    sealed = call.parts.vault.seal(msgspec.json.encode(wish).decode())
    await _match(call, new=True)
    await queries.put_channel(call.conn, channel=channel, configuration=sealed, active=wish.active)
    await audit.record(call.conn, "channel.set_up", call.tenant.id, channel=channel)
    return await queries.find_channel(call.conn, channel=call.path["channel"])


@_change(f"DELETE {_CHANNEL}", "Remove a channel", if_match=True)
async def _remove(call: Call) -> None:
    """Forget it and its secrets; what is queued for it is withdrawn when its time comes."""
    await _match(call, new=False)
    await queries.delete_channel(call.conn, channel=call.path["channel"])
    await audit.record(call.conn, "channel.removed", call.tenant.id, channel=call.path["channel"])


@_change(
    f"POST {_TENANT}/notifications/{{id:uuid}}/resend",
    "Send a message again",
    status=202,
    problems=[RowUnknown, model.NotificationOpen],
)
async def _resend(call: Call) -> Notification:
    """Queue it, made afresh of what is so now."""
    queued = await queries.resend(call.conn, id=call.id)
    found = await NOTIFICATIONS.get(call.conn, {"id": call.id})
    if not queued:
        raise model.NotificationOpen(found.status)
    await defer(call.conn, "send_notification", call.tenant.id, call.id)
    await audit.record(call.conn, "notification.resent", call.id)
    return found


async def _match(call: Call, *, new: bool) -> None:
    """Hold the change to the version of what is there."""
    found = await queries.find_channel(call.conn, channel=call.path["channel"])
    if found is not None:
        call.require_match(found.version)
    elif not new or call.path["channel"] not in ("sms", "chat"):
        raise RowUnknown("channel")


class UnsubscribePage:
    """Where a customer says no to reminders. Looking changes nothing: mail scanners look at every link."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response, slug: str, customer_id: UUID, token: str) -> None:
        """Show the button; or do it, for the button and for a mail program's own (RFC 8058)."""
        done, keys = req.method == "POST", self._parts.settings.signing_keys
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            tokens.require(keys, tenant.id, customer_id, token, _not_whole, purpose=UNSUBSCRIBE)
            if done and await queries.unsubscribe(conn, id=customer_id, now=self._parts.now()):
                await audit.record(conn, "customer.unsubscribed", customer_id)
        show(req, resp, "unsubscribe.html", tenant=tenant, done=done)

    on_post = on_get


def _not_whole(_customer_id: UUID) -> falcon.HTTPNotFound:
    return falcon.HTTPNotFound(description="the link is not whole; copy all of it from the mail")
