"""A customer of the raised stack: finds it by its public name, trusts what browsers trust, books over HTTPS."""

import time

import httpx
from live_flow import StepFailed
from visitor import Visitor

TENANT = "demo"
CUSTOMER = {"name": "Live Test", "email": "live@customer.example"}
# Resolvers learn of a new record within minutes; Cloudflare certifies a new zone's names within a quarter of an hour,
# most of the time.
_WAIT_S, _EVERY_S = 1800, 10


def book(domain: str, limit_s: float) -> str:
    """Book the last free slot and return the appointment's id, once the name answers.

    Raises:
        StepFailed: the name did not answer in time, or the answer was another one than a confirmed appointment.
    """
    with Visitor(domain, domain, None) as visitor:
        _wait_until_it_answers(visitor, min(limit_s, _WAIT_S))
        service, slots = visitor.free_slots(TENANT)
        if not slots:
            raise StepFailed(f"https://{domain} offers no free slot of {service['id']} within two weeks")
        wish = {"service": service["id"], "starts_at": slots[-1]["starts_at"], "customer": CUSTOMER}
        answer = visitor.book(TENANT, wish)
        if answer.status_code != httpx.codes.CREATED:
            raise StepFailed(f"the booking was answered {answer.status_code}: {answer.text[:500]}")
        return str(answer.json()["appointment"]["id"])


def _wait_until_it_answers(visitor: Visitor, limit_s: float) -> None:
    deadline, seen = time.monotonic() + limit_s, "nothing"
    while True:
        try:
            answer = visitor.ask("GET", "/api/health")
            seen = f"HTTP {answer.status_code}"
            if answer.is_success:
                return
        except httpx.HTTPError as err:
            seen = f"{type(err).__name__}: {err}"
        if time.monotonic() > deadline:
            raise StepFailed(f"the site's name did not answer within {limit_s:.0f} s; the last that was seen: {seen}")
        time.sleep(_EVERY_S)
