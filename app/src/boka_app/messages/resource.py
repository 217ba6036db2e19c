"""`/api/tenants/{slug}/templates`, `/channels`, `/notifications`; and the page on which a customer unsubscribes."""

from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments import tokens
from boka_app.audit import queries as audit
from boka_app.body import read_body
from boka_app.conventions.editing import Editor, editor_routes
from boka_app.conventions.etag import etag, require_match
from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection, tenant_transaction
from boka_app.messages import chat, queries, words
from boka_app.messages.links import UNSUBSCRIBE
from boka_app.messages.model import (
    ChannelBody,
    ChannelInfo,
    ChannelRefused,
    Notification,
    NotificationOpen,
    Template,
    Words,
)
from boka_app.messages.rules import CHANNELS_BY_KIND
from boka_app.messages.tables import NOTIFICATIONS, TEMPLATES, NewTemplate
from boka_app.openapi.operations import operation
from boka_app.pages.resource import show
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import Tenant
from boka_app.worker.defer import defer


def routes(parts: Parts) -> Routes:
    """Return the addresses of messages for staff."""
    tenant = "/api/tenants/{slug}"
    return [
        *editor_routes(parts, f"{tenant}/templates", TEMPLATES),
        (f"{tenant}/templates/built-in", BuiltInResource()),
        (f"{tenant}/templates/preview", PreviewResource()),
        (f"{tenant}/channels", ChannelsResource(parts)),
        (f"{tenant}/channels/{{channel}}", ChannelResource(parts)),
        (f"{tenant}/notifications", Editor(parts, NOTIFICATIONS).collection()),
        (f"{tenant}/notifications/{{id:uuid}}/resend", ResendResource(parts)),
    ]


def page_routes(parts: Parts) -> Routes:
    """Return the address that customers' mails lead to."""
    return [("/b/{slug}/unsubscribe/{customer_id:uuid}/{token}", UnsubscribePage(parts))]


class BuiltInResource:
    """The words that go out unless the tenant has its own."""

    @operation("List the built-in templates", answer=list[Template], needs="messages.read")
    async def on_get(self, _req: Request, resp: Response, slug: str) -> None:  # noqa: ARG002  they are everybody's
        """Answer every message in every language we speak."""
        resp.media = [
            words.built_in(kind, channel, locale)
            for kind, channels in CHANNELS_BY_KIND.items()
            for channel in channels
            for locale in words.LOCALES
        ]


class PreviewResource:
    """How a template would read."""

    _decoder = msgspec.json.Decoder(NewTemplate)

    @operation("Fill a template in with a sample", answer=Words, body=NewTemplate, needs="messages.read")
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:  # noqa: ARG002
        """Answer the words; nothing is kept."""
        resp.media = words.check(self._decoder.decode(await read_body(req, falcon.MEDIA_JSON)))


class ChannelsResource:
    """By what, beside e-mail, the tenant sends."""

    def __init__(self, parts: Parts) -> None:
        self._pool = parts.pool

    @operation("List the channels set up", answer=list[ChannelInfo], needs="messages.read")
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer them, without their secrets."""
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            resp.media = await queries.list_channels(conn)


class ChannelResource:
    """One channel: sms or chat."""

    _decoder = msgspec.json.Decoder(ChannelBody)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Set a channel up, or anew",
        answer=ChannelInfo,
        body=ChannelBody,
        needs="messages.write",
        if_match=True,
        problems=[RowUnknown, ChannelRefused],
    )
    async def on_put(self, req: Request, resp: Response, slug: str, channel: str) -> None:
        """Keep it, sealed. If-Match is needed once it exists."""
        given = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        if channel == "chat":
            chat.check(given.address, self._parts.settings.webhook_networks)
        sealed = self._parts.vault.seal(msgspec.json.encode(given).decode())
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            await self._lock(conn, req, channel, new=True)
            await queries.put_channel(conn, channel=channel, configuration=sealed, active=given.active)
            found = await _find(conn, channel)
            assert found is not None  # noqa: S101  it was put
            await audit.record(conn, "channel.set_up", tenant.id, channel=channel)
        resp.set_header("ETag", etag(found.version))
        resp.media = found

    @operation("Remove a channel", answer=None, needs="messages.write", if_match=True, problems=[RowUnknown])
    async def on_delete(self, req: Request, resp: Response, slug: str, channel: str) -> None:
        """Forget it and its secrets; what is queued for it is withdrawn when its time comes."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            await self._lock(conn, req, channel, new=False)
            await queries.delete_channel(conn, channel=channel)
            await audit.record(conn, "channel.removed", tenant.id, channel=channel)
        resp.status = falcon.HTTP_204

    async def _lock(self, conn: Connection, req: Request, channel: str, *, new: bool) -> None:
        """Hold the change to the version of what is there."""
        found = await _find(conn, channel)
        if found is not None:
            require_match(req, found.version)
        elif not new or channel not in ("sms", "chat"):
            raise RowUnknown("channel")


class ResendResource:
    """One message, once more."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Send a message again",
        answer=Notification,
        status=202,
        needs="messages.write",
        problems=[RowUnknown, NotificationOpen],
    )
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002  as in every address
        """Queue it, made afresh of what is so now."""
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            queued = await queries.resend(conn, id=id)
            found = await NOTIFICATIONS.get(conn, {"id": id})
            if not queued:
                raise NotificationOpen(found.status)
            await defer(conn, "send_notification", tenant.id, id)
            await audit.record(conn, "notification.resent", id)
        resp.status = falcon.HTTP_202
        resp.media = found


class UnsubscribePage:
    """Where a customer says no to reminders. Looking changes nothing: mail scanners look at every link."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response, slug: str, customer_id: UUID, token: str) -> None:
        """Show the button."""
        async with tenant_transaction(self._parts.pool, slug) as (_conn, tenant):
            self._check(tenant, customer_id, token)
        show(req, resp, "unsubscribe.html", tenant.locale, tenant=tenant, done=False)

    async def on_post(self, req: Request, resp: Response, slug: str, customer_id: UUID, token: str) -> None:
        """Do it: for the button, and for a mail program's own (RFC 8058)."""
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant, customer_id, token)
            if await queries.unsubscribe(conn, id=customer_id, now=self._parts.now()):
                await audit.record(conn, "customer.unsubscribed", customer_id)
        show(req, resp, "unsubscribe.html", tenant.locale, tenant=tenant, done=True)

    def _check(self, tenant: Tenant, customer_id: UUID, token: str) -> None:
        keys = self._parts.settings.signing_keys
        if not any(tokens.matches(key, tenant.id, customer_id, token, purpose=UNSUBSCRIBE) for key in keys):
            raise falcon.HTTPNotFound(description="the link is not whole; copy all of it from the mail")


async def _find(conn: Connection, channel: str) -> ChannelInfo | None:
    return next((each for each in await queries.list_channels(conn) if each.channel == channel), None)
