"""The tenant's own row, for `conventions.editing`."""

from boka_app.conventions.editing import Table
from boka_app.tenants.model import SettingsOfTenant, TenantSettings

SETTINGS = Table(
    kind="tenant",
    noun="settings of the tenant",
    needs="tenant",
    new=SettingsOfTenant,
    row=TenantSettings,
    select="""
    select
        id, slug, name, time_zone, host_name, locale, currency, contact_email, min_notice_minutes, horizon_days,
        hold_minutes, cancel_until_minutes, cancel_fee_percent, reschedule_until_minutes, reschedule_limit,
        no_show_fee_percent, version, updated_at
    from tenant
    where id = current_tenant()
    """,
    update="""
    update tenant
    set name = %(name)s, time_zone = %(time_zone)s, host_name = %(host_name)s, locale = %(locale)s,
        currency = %(currency)s, contact_email = %(contact_email)s, min_notice_minutes = %(min_notice_minutes)s,
        horizon_days = %(horizon_days)s, hold_minutes = %(hold_minutes)s,
        cancel_until_minutes = %(cancel_until_minutes)s, cancel_fee_percent = %(cancel_fee_percent)s,
        reschedule_until_minutes = %(reschedule_until_minutes)s, reschedule_limit = %(reschedule_limit)s,
        no_show_fee_percent = %(no_show_fee_percent)s
    where id = %(id)s and id = current_tenant()
    """,
)
