"""Put the service together: settings in, ASGI application out."""

import logging.config
import os
from typing import Any

import falcon
import falcon.media
import msgspec
from falcon.asgi import App

from boka_app import logs
from boka_app.analytics import resource as analytics
from boka_app.appointments import resource as booking
from boka_app.audit import resource as audit
from boka_app.availability.resource import SlotsResource
from boka_app.cache.middleware import CacheMiddleware
from boka_app.calendars import resource as calendars
from boka_app.catalog import resource as catalog
from boka_app.conventions.converters import DateConverter
from boka_app.conventions.limits import RateLimits
from boka_app.customers import resource as customers
from boka_app.database import Pool
from boka_app.health import resource as health
from boka_app.identity import resource as identity
from boka_app.identity.middleware import AuthenticationMiddleware
from boka_app.identity.switches import Switches
from boka_app.lifecycle import resource as lifecycle
from boka_app.lifecycle import staff as staff_calendar
from boka_app.live import resource as live
from boka_app.messages import resource as messages
from boka_app.metrics import MetricsResource
from boka_app.middleware import PoolLifespan, RequestMiddleware
from boka_app.openapi import resource as openapi
from boka_app.pages import repeat, waiting
from boka_app.pages import resource as pages
from boka_app.parts import Clock, Parts, Routes, make_parts, utc_now
from boka_app.payments import pages as payment_pages
from boka_app.payments import resource as payments
from boka_app.problems import handlers
from boka_app.problems.resource import ProblemPageResource
from boka_app.series import resource as series
from boka_app.settings import Settings, load, load_server
from boka_app.staff import resource as staff
from boka_app.tenants import resource as tenants
from boka_app.tenants.hosts import TenantHosts
from boka_app.waitlist import resource as waitlist
from boka_app.webhooks import resource as webhooks


def create_app(settings: Settings, *, pool: Pool | None = None, now: Clock = utc_now) -> App[Any, Any]:
    """Return the application; it opens its pool when the server starts it."""
    parts = make_parts(settings, "boka-app", pool=pool, now=now)
    switches = Switches(parts)
    around = [
        RequestMiddleware(settings.trusted_proxies),
        TenantHosts(parts.pool, settings.public_url),
        AuthenticationMiddleware(parts, switches),
        RateLimits(settings.rate_limits, settings.valkey),
        CacheMiddleware(parts.cache),
        PoolLifespan(parts.pool),
        switches,
    ]
    app = App(middleware=around)
    json = falcon.media.JSONHandler(dumps=msgspec.json.encode, loads=msgspec.json.decode)
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json
    app.req_options.keep_blank_qs_values = True
    app.router_options.converters["date"] = DateConverter
    handlers.install(app)
    for template, resource in routes(parts):
        app.add_route(template, resource)
    return app


def routes(parts: Parts) -> Routes:
    """Return every address and who answers it."""
    appointments = booking.make_service(parts)
    described: Routes = [
        *health.api.routes(parts),
        *tenants.api.routes(parts),
        *identity.routes(parts),
        *catalog.api.routes(parts),
        *customers.api.routes(parts),
        *audit.routes(parts),
        ("/api/tenants/{slug}/slots", SlotsResource(parts)),
        *booking.routes(appointments),
        *lifecycle.api.routes(parts),
        *staff_calendar.api.routes(parts),
        *series.api.routes(parts),
        *waitlist.api.routes(parts),
        *analytics.api.routes(parts),
        *calendars.api.routes(parts),
        *payments.api.routes(parts),
        *messages.api.routes(parts),
        *webhooks.api.routes(parts),
        *live.routes(parts),
    ]
    return [
        *described,
        *openapi.routes(parts, described),
        ("/health", health.LivenessResource()),
        ("/api/metrics", MetricsResource()),
        ("/problems/{name}", ProblemPageResource()),
        *pages.routes(parts, appointments),
        *waiting.page.routes(parts),
        *repeat.routes(parts, appointments),
        *staff.page.routes(parts),
        *payment_pages.page.routes(parts),
        *messages.page_routes(parts),
    ]


def app() -> App[Any, Any]:
    """Return the application for gunicorn, from the environment."""
    logging.config.dictConfig(logs.config(load_server(os.environ).log_level))
    return create_app(load(os.environ))
