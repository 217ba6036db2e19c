from datetime import timedelta
from uuid import UUID

import pytest
from boka_app.live import rules
from boka_app.live.model import Event, Position

from app.builders import ADA, BELA, NOW, at


def span(hour, employee=ADA):
    ends_at = at(hour) + timedelta(minutes=30)
    return {"employee_id": str(employee), "starts_at": at(hour).isoformat(), "ends_at": ends_at.isoformat()}


def event(kind, **payload):
    return Event(xid=7, id=1, kind=kind, subject_id=UUID(int=1), at=NOW, payload=payload)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("appointment.held", "taken"),
        ("appointment.booked", "taken"),
        ("appointment.cancelled", "freed"),
        ("appointment.expired", "freed"),
    ],
)
def test_the_public_is_told_of_the_time_alone(kind, told):
    (change,) = rules.changes(event(kind, service_id="secret", source="web", **span(10)))

    assert (change.kind, change.employee, change.starts_at) == (told, ADA, at(10))
    assert change.__struct_fields__ == ("kind", "employee", "starts_at", "ends_at")


def test_a_move_frees_one_time_and_takes_another():
    was = {f"was_{name}": value for name, value in span(9).items()}

    changes = rules.changes(event("appointment.moved", **was, **span(11, BELA)))

    assert [(c.kind, c.employee, c.starts_at) for c in changes] == [("freed", ADA, at(9)), ("taken", BELA, at(11))]


def test_what_changes_no_time_is_not_the_publics_business():
    assert rules.changes(event("payment.succeeded", **span(10))) == []


@pytest.mark.parametrize("text", ["", "7", "7-", "-7-1", "7-1 ", "x-y", "7-1" + "0" * 18])
def test_no_place_in_the_stream(text):
    assert rules.position(text) is None


def test_a_place_is_written_as_it_is_read():
    assert str(rules.position("812-4711")) == "812-4711"
    assert Position(2, 1) > Position(1, 9)
