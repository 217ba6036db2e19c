"""The rights of a person over what is held on them: to see it, to have it erased. For the API and the command."""

from datetime import datetime
from uuid import UUID

from boka_app.audit import queries as audit
from boka_app.customers import queries
from boka_app.customers.model import Erasure, PersonalData, VisitsAhead
from boka_app.database import Connection
from boka_app.outbox import queries as outbox


async def export_customer(conn: Connection, customer_id: UUID) -> PersonalData:
    """Return everything held on a person, and note that it was given out. The caller has entered the tenant.

    Raises:
        RowUnknown: there is no such customer.
    """
    data = await queries.read_personal_data(conn, id=customer_id)
    await audit.record(conn, "customer.exported", customer_id)
    return data


async def erase_customer(conn: Connection, customer_id: UUID, *, now: datetime) -> Erasure:
    """Erase who a customer was, for good; appointments stay as figures. The caller has entered the tenant.

    Erasing again changes nothing but the time.

    Raises:
        RowUnknown: there is no such customer.
        VisitsAhead: the person is still expected; nothing was written.
    """
    await queries.lock_customer(conn, id=customer_id)
    ahead = await queries.count_visits_ahead(conn, id=customer_id, now=now)
    if ahead:
        raise VisitsAhead(customer_id, ahead)
    erased = await queries.erase_personal_data(conn, id=customer_id, now=now)
    await outbox.put(conn, "customer.erased", customer_id)
    await audit.record(conn, "customer.erased", customer_id)
    return erased
