"""The page that users see when no edge answers: a Worker before every name of ours."""

from pathlib import Path

import pulumi
import pulumi_cloudflare as cloudflare

from infra import naming
from infra.aws.component import Component, Context
from infra.cloudflare import names

SCRIPT = Path(__file__).parent / "maintenance.mjs"
# Behaviour of the runtime as of this day; a later one is taken on purpose.
_COMPATIBLE_WITH = "2026-01-01"


class Maintenance(Component):
    """The script, and a route to it for each name that the hosts answer."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Maintenance", name, context, parent)
        script = cloudflare.WorkersScript(
            "maintenance",
            account_id=self.settings.cloudflare_account_id,
            script_name=naming.physical(self.settings, "maintenance"),
            content=SCRIPT.read_text(),  # not `content_file`: its path would differ between machines
            content_type="application/javascript+module",
            main_module=SCRIPT.name,
            compatibility_date=_COMPATIBLE_WITH,
            compatibility_flags=[],
            bindings=[],
            logpush=False,
            observability={"enabled": False},
            opts=self.child(cloudflare.WorkersScript, "maintenance"),
        )
        for word, host in names.of(self.settings).hosts.items():
            cloudflare.WorkersRoute(
                word,
                zone_id=self.settings.cloudflare_zone_id,
                pattern=f"{host}/*",
                script=script.script_name,
                opts=self.child(cloudflare.WorkersRoute, word),
            )
        self.register_outputs({})
