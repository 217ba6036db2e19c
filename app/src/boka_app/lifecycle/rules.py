"""What ending or moving a visit costs, and whether the customer may: the tenant's policies, and nothing else."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from boka_app.appointments.model import AppointmentStarted
from boka_app.lifecycle import model

LIVE: tuple[model.Status, ...] = ("held", "pending", "confirmed")  # what keeps a slot from others

BEFORE: dict[model.Status, tuple[model.Status, ...]] = {  # what each state may follow
    "confirmed": ("pending",),
    "cancelled": LIVE,
    "completed": ("confirmed",),
    "no_show": ("confirmed",),
    "expired": ("held", "pending"),
}


def free_until(visit: model.Visit) -> datetime:
    """Return the last moment at which cancelling costs nothing."""
    return visit.starts_at - timedelta(minutes=visit.cancel_until_minutes)


def cancellation(visit: model.Visit, *, by: model.By, now: datetime, waive_fee: bool = False) -> model.Cancellation:
    """Return what cancelling costs now. Only a confirmed visit costs, and never what the service ends by itself.

    Raises:
        AppointmentStarted: it has begun, and it is the customer who asks.
        AppointmentEnded: there is nothing to cancel any more.
    """
    if visit.status == "cancelled":  # asked again: the same answer
        return settle(visit, visit.fee_minor)
    check_state(visit, "cancelled")
    if by == "customer" and visit.starts_at <= now:
        raise AppointmentStarted(visit.starts_at)
    free = waive_fee or by == "system" or visit.status != "confirmed" or now <= free_until(visit)
    return settle(visit, 0 if free else share(visit.price_minor, visit.cancel_fee_percent))


def absence(visit: model.Visit, *, now: datetime, waive_fee: bool = False) -> model.Cancellation:
    """Return what staying away costs.

    Raises:
        NotBegun, AppointmentEnded: it is too early, or too late.
    """
    check_begun(visit, "no_show", now)
    return settle(visit, 0 if waive_fee else share(visit.price_minor, visit.no_show_fee_percent))


def check_begun(visit: model.Visit, wanted: model.Status, now: datetime) -> None:
    """Pass a confirmed visit whose time has come.

    Raises:
        NotBegun, AppointmentEnded: it is too early, or too late.
    """
    check_state(visit, wanted)
    if now < visit.starts_at:
        raise model.NotBegun(visit.starts_at)


def check_state(visit: model.Visit, wanted: model.Status) -> None:
    """Pass a visit that may become what is wanted.

    Raises:
        AppointmentEnded: it may not.
    """
    if visit.status not in BEFORE[wanted]:
        raise model.AppointmentEnded(visit.status, wanted)


def check_move(visit: model.Visit, *, by: model.By, now: datetime) -> None:
    """Pass a visit that whoever asks may move now.

    Raises:
        AppointmentEnded: it is over, or no more than held.
        AppointmentStarted, MoveRefused: a customer asks too late or too often.
    """
    if visit.status not in ("pending", "confirmed"):
        raise model.AppointmentEnded(visit.status, "moved")
    if by != "customer":
        return
    if visit.starts_at <= now:
        raise AppointmentStarted(visit.starts_at)
    until = visit.starts_at - timedelta(minutes=visit.reschedule_until_minutes)
    if now > until:
        raise model.MoveRefused(
            f"it could be moved until {until.isoformat(timespec='minutes')}; call the business instead"
        )
    if moves_left(visit) == 0:
        raise model.MoveRefused(f"it was moved {visit.reschedules} times, which is all; call the business instead")


def moves_left(visit: model.Visit) -> int | None:
    """Return how often a customer may still move it; None is any number of times."""
    return None if visit.reschedule_limit is None else max(0, visit.reschedule_limit - visit.reschedules)


def share(amount_minor: int, percent: int) -> int:
    """Return a share of an amount, rounded in the customer's favour."""
    return amount_minor * percent // 100


def settle(visit: model.Visit, fee_minor: int) -> model.Cancellation:
    """Return a fee, and what of the money paid is left after it."""
    return model.Cancellation(fee_minor=fee_minor, refund_minor=max(0, visit.paid_minor - fee_minor))


def is_due(visit: model.Visit, now: datetime) -> bool:
    """Tell whether the time for which it was kept is over."""
    return visit.status in BEFORE["expired"] and visit.expires_at is not None and visit.expires_at <= now


def local_span(dates: list[date], time_zone: str) -> tuple[datetime, datetime]:
    """Return the first moment of the first local date and the first one after the last."""
    zone = ZoneInfo(time_zone)
    return datetime.combine(dates[0], time(), zone), datetime.combine(dates[-1] + timedelta(days=1), time(), zone)


def preview(visit: model.Visit, time_zone: str, *, now: datetime) -> model.PolicyPreview:
    """Return what a customer may do with a visit now.

    Raises:
        AppointmentStarted, AppointmentEnded: nothing any more.
    """
    money = cancellation(visit, by="customer", now=now)
    try:
        check_move(visit, by="customer", now=now)
        movable = True
    except (model.AppointmentEnded, model.MoveRefused):
        movable = False
    return model.PolicyPreview(
        fee_minor=money.fee_minor,
        refund_minor=money.refund_minor,
        currency=visit.currency,
        free_until=free_until(visit).astimezone(ZoneInfo(time_zone)),
        time_zone=time_zone,
        movable=movable,
        moves_left=moves_left(visit),
    )
