"""Cloudflare's permission groups that our tokens have, by id. Pure, so that `boka doctor` asks the account about them.

Source of "Zone Read": the example of POST /accounts/{account_id}/tokens in Cloudflare's API reference. The others are
listed by GET /accounts/{account_id}/tokens/permission_groups only; these were read in public programs that use them.
"""

GROUPS: dict[str, str] = {
    "Cache Purge": "e17beae8b8cb423a99b1730f21238bed",
    "DNS Write": "4755a26eedb94da69e1066d98aa820be",
    "Workers R2 Storage Bucket Item Write": "2efd5506f9c8494dacb1fa10a3e7d5b6",
    "Zone Read": "c8fed203ed3043cba015a93ad1616f1f",
}
