"""The tenant's own row, for `conventions.editing`."""

from boka_app.conventions.table import Table
from boka_app.tenants.model import SettingsOfTenant, TenantSettings

SETTINGS = Table(
    kind="tenant",
    noun="settings of the tenant",
    needs="tenant",
    row=TenantSettings,
    new=SettingsOfTenant,
    within="id = current_tenant()",
    fixed=True,
)
