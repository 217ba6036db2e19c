"""The peer: the same two pieces of work as a plain FastAPI and SQLAlchemy service does them, on the same tables.

Written as its documentation shows it: pydantic models in and out, a session a request, the ORM for rows, a loop over
the steps of each day. It lists free slots and books with an idempotency key, an audit entry and an event.
"""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel
from sqlalchemy import URL, ForeignKey, func, select, text, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

STEP = timedelta(minutes=15)


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSONB}  # noqa: RUF012  as SQLAlchemy has it


class Tenant(Base):
    __tablename__ = "tenant"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str]
    time_zone: Mapped[str]


class Service(Base):
    __tablename__ = "service"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    duration_minutes: Mapped[int]


class Skill(Base):
    __tablename__ = "employee_service"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID] = mapped_column(primary_key=True)
    service_id: Mapped[UUID] = mapped_column(primary_key=True)


class Rule(Base):
    __tablename__ = "availability_rule"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    employee_id: Mapped[UUID]
    weekday: Mapped[int]
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]


class Customer(Base):
    __tablename__ = "customer"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]


class Appointment(Base):
    __tablename__ = "appointment"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    service_id: Mapped[UUID]
    employee_id: Mapped[UUID]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    occupied_from: Mapped[datetime]
    occupied_until: Mapped[datetime]
    status: Mapped[str]


class Key(Base):
    __tablename__ = "idempotency_key"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    answer: Mapped[dict[str, Any]]


class Audit(Base):
    __tablename__ = "audit"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    action: Mapped[str]
    subject_id: Mapped[UUID]
    request_id: Mapped[str]


class Event(Base):
    __tablename__ = "outbox"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str]
    subject_id: Mapped[UUID]


class SlotOut(BaseModel):
    starts_at: datetime
    ends_at: datetime
    employees: list[UUID]


class CustomerIn(BaseModel):
    name: str
    email: str


class BookingIn(BaseModel):
    service: UUID
    starts_at: datetime
    employee: UUID
    customer: CustomerIn


class AppointmentOut(BaseModel):
    id: UUID
    employee: UUID
    starts_at: datetime
    ends_at: datetime
    status: str


app = FastAPI()
_engine = create_async_engine(
    URL.create(
        "postgresql+psycopg",
        username="booking_app",
        password=(Path(os.environ["CREDENTIALS_DIRECTORY"]) / "database_password").read_text(),
        host=os.environ["BOKA_DATABASE_HOST"],
        database="booking",
        query={"sslmode": "verify-full", "sslrootcert": os.environ["BOKA_DATABASE_SSLROOTCERT"]},
    ),
    pool_size=8,
)
_session = async_sessionmaker(_engine, expire_on_commit=False)


async def session() -> AsyncIterator[AsyncSession]:
    async with _session() as one, one.begin():
        yield one


Session = Annotated[AsyncSession, Depends(session)]


async def enter(session: AsyncSession, slug: str) -> Tenant:
    tenant = await session.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        raise HTTPException(404)
    await session.execute(select(func.set_config("app.tenant_id", str(tenant.id), true())))
    return tenant


@app.get("/ready")
async def ready(session: Session) -> dict[str, bool]:
    await session.execute(text("select 1"))
    return {"ready": True}


@app.get("/api/tenants/{slug}/slots")
async def slots(
    slug: str,
    service: UUID,
    session: Session,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
) -> list[SlotOut]:
    tenant = await enter(session, slug)
    zone = ZoneInfo(tenant.time_zone)
    offered = await session.get_one(Service, (tenant.id, service))
    length = timedelta(minutes=offered.duration_minutes)
    begin, end = datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
    who = (await session.scalars(select(Skill.employee_id).where(Skill.service_id == service))).all()
    rules = (await session.scalars(select(Rule).where(Rule.employee_id.in_(who)))).all()
    taken = await session.scalars(
        select(Appointment).where(
            Appointment.employee_id.in_(who),
            Appointment.status.in_(("held", "pending", "confirmed")),
            Appointment.occupied_from > begin - timedelta(days=1),
            Appointment.occupied_from < end,
        )
    )
    busy: dict[UUID, list[Appointment]] = {}
    for appointment in taken:
        busy.setdefault(appointment.employee_id, []).append(appointment)
    now, found = datetime.now(UTC), dict[datetime, list[UUID]]()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for rule in rules:
            if rule.weekday != day.isoweekday():
                continue
            start = datetime.combine(day, time(), zone) + timedelta(minutes=rule.opens_minute)
            closes = datetime.combine(day, time(), zone) + timedelta(minutes=rule.closes_minute)
            while start + length <= closes:
                if start > now and all(
                    start + length <= one.occupied_from or start >= one.occupied_until
                    for one in busy.get(rule.employee_id, [])
                ):
                    found.setdefault(start, []).append(rule.employee_id)
                start += STEP
    return [SlotOut(starts_at=start, ends_at=start + length, employees=found[start]) for start in sorted(found)]


@app.post("/api/tenants/{slug}/appointments", status_code=201)
async def book(
    slug: str, wish: BookingIn, session: Session, response: Response, idempotency_key: Annotated[str, Header()]
) -> AppointmentOut:
    tenant = await enter(session, slug)
    await session.execute(select(func.set_config("app.request_id", uuid4().hex, true())))
    known = await session.get(Key, (tenant.id, idempotency_key))
    if known is not None:
        response.status_code = 200
        return AppointmentOut.model_validate(known.answer)
    offered = await session.get_one(Service, (tenant.id, wish.service))
    ends_at = wish.starts_at + timedelta(minutes=offered.duration_minutes)
    customer = Customer(tenant_id=tenant.id, id=uuid4(), name=wish.customer.name, email=wish.customer.email)
    session.add(customer)
    await session.flush()
    made = Appointment(
        tenant_id=tenant.id,
        id=uuid4(),
        service_id=wish.service,
        employee_id=wish.employee,
        customer_id=customer.id,
        starts_at=wish.starts_at,
        ends_at=ends_at,
        occupied_from=wish.starts_at,
        occupied_until=ends_at,
        status="confirmed",
    )
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as err:
        raise HTTPException(409, "taken") from err
    answer = AppointmentOut(
        id=made.id, employee=wish.employee, starts_at=wish.starts_at, ends_at=ends_at, status="confirmed"
    )
    fingerprint = hashlib.sha256(wish.model_dump_json().encode()).digest()
    session.add(
        Key(
            tenant_id=tenant.id,
            key=idempotency_key,
            fingerprint=fingerprint,
            answer=answer.model_dump(mode="json"),
        )
    )
    session.add(Event(tenant_id=tenant.id, kind="appointment.booked", subject_id=made.id))
    await session.flush()
    session.add(Audit(tenant_id=tenant.id, action="appointment.booked", subject_id=made.id, request_id="bench"))
    return answer
