"""`/api/tenants/{slug}/services`, `/employees`: what is on offer. `/catalog/…`: the same for staff, to edit."""

from boka_app.catalog import queries, tables
from boka_app.catalog.model import Employee, Service
from boka_app.conventions.api import Api, Call
from boka_app.conventions.editing import SEARCH, edit, edit_list, words_of
from boka_app.conventions.etag import answer_unless_known
from boka_app.openapi.operations import IF_NONE_MATCH

_TENANT = "/api/tenants/{slug}"
_EMPLOYEE = f"{_TENANT}/catalog/employees/{{id:uuid}}"
api = Api()
edit(api, f"{_TENANT}/catalog/services", tables.SERVICES)
edit(api, f"{_TENANT}/catalog/employees", tables.EMPLOYEES)
edit(api, f"{_TENANT}/catalog/blocked-slots", tables.BLOCKED_SLOTS)
edit_list(api, f"{_TENANT}/catalog/services/{{id:uuid}}/prices", tables.PRICES)
edit_list(api, f"{_EMPLOYEE}/services", tables.SKILLS)
edit_list(api, f"{_EMPLOYEE}/hours", tables.WEEK)
edit_list(api, f"{_EMPLOYEE}/exceptions", tables.DATES)
edit_list(api, f"{_EMPLOYEE}/exceptions/{{on_date:date}}", tables.ONE_DATE)


@api(f"GET {_TENANT}/services", "List a tenant's services", answer=list[Service], parameters=[SEARCH, IF_NONE_MATCH])
async def _list_services(call: Call) -> None:
    """Answer every service on offer, or those that a search finds."""
    services = await queries.list_services(call.conn, search=words_of(call.req))
    answer_unless_known(call.req, call.resp, services)


@api(f"GET {_TENANT}/employees", "List a tenant's employees", answer=list[Employee], parameters=[IF_NONE_MATCH])
async def _list_employees(call: Call) -> None:
    """Answer everybody who takes bookings, with what they perform."""
    answer_unless_known(call.req, call.resp, await queries.list_employees(call.conn))
