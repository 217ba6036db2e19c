"""`/api/tenants/{slug}/customers`: found, corrected, exported, erased."""

from boka_app.conventions.api import Api, Call
from boka_app.conventions.editing import edit
from boka_app.conventions.model import RowUnknown
from boka_app.customers import service
from boka_app.customers.model import Erasure, PersonalData, VisitsAhead
from boka_app.customers.tables import CUSTOMERS

_ALL = "/api/tenants/{slug}/customers"
_ONE = f"{_ALL}/{{id:uuid}}"
api = Api()

edit(api, _ALL, CUSTOMERS)


@api(f"GET {_ONE}/export", "Export everything held on a person", needs="customers.export", problems=[RowUnknown])
async def _export(call: Call) -> PersonalData:
    """Answer every row."""
    return await service.export_customer(call.conn, call.id)


@api(f"POST {_ONE}/erase", "Erase a person, for good", needs="customers.erase", problems=[RowUnknown, VisitsAhead])
async def _erase(call: Call) -> Erasure:
    """Erase; the appointments stay, of nobody."""
    return await service.erase_customer(call.conn, call.id, now=call.now)
