"""The `boka` command: its verbs, and how errors become words and exit codes."""

import json
import os
import signal
import sys
import traceback
from typing import NoReturn

import typer

from ops.commands import (
    adopt,
    config,
    deploy,
    doctor,
    down,
    drift,
    env,
    hosts,
    init,
    journal,
    logs,
    policy,
    preview,
    secret,
    ssh,
    status,
    unlock,
    up,
    verify,
)
from ops.commands import open as open_page
from ops.errors import DEFECT, exit_code_of

app = typer.Typer(
    help="Raise, check and run the booking platform. Exit codes: 0 done, 1 defect, 2 usage, 3 failed, 4 unreachable, "
    "5 refused before any change, 6 locked.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(up.up)
app.command()(preview.preview)
app.command()(drift.drift)
app.command()(down.down)
app.command()(status.status)
app.command()(doctor.doctor)
app.command()(hosts.hosts)
app.command()(ssh.ssh)
app.command()(logs.logs)
app.command()(deploy.deploy)
app.command()(verify.verify)
app.add_typer(journal.app, name="journal")
app.command()(init.init)
app.command()(adopt.adopt)
app.command()(unlock.unlock)
app.add_typer(config.app, name="config")
app.command()(policy.policy)
app.command()(env.env)
app.command()(secret.secret)
app.command("open")(open_page.open_)


def main() -> NoReturn:
    """Run the verb that was typed; the one place where errors become words and exit codes."""
    # A killed run closes its playbook and its journal entry as one that the user stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()  # ends the process itself, also for words that it does not know
    except Exception as err:  # noqa: BLE001  # the edge: everything that nobody below could answer
        sys.exit(report(err, as_json="--json" in sys.argv))
    sys.exit(0)


def report(err: Exception, *, as_json: bool) -> int:
    """Say what stopped the run, on stderr and for scripts as JSON on stdout; return its exit code."""
    code = exit_code_of(err)
    if code == DEFECT or os.environ.get("BOKA_DEBUG"):
        traceback.print_exception(err)
    told = f"a defect of boka itself: {type(err).__name__}: {err}" if code == DEFECT else str(err)
    typer.echo(f"boka: {told}", err=True)
    if as_json:
        typer.echo(json.dumps({"error": told, "exit_code": code}, indent=2))
    return code
