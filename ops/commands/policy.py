"""`boka policy`: what the rules say of an exported state."""

from pathlib import Path
from typing import Annotated

import typer

from ops.commands.options import AsJson
from ops.errors import RunFailed, UsageError
from ops.screen import Screen

StateFile = Annotated[Path, typer.Argument(metavar="FILE", help="What `pulumi stack export --file FILE` wrote.")]
Throwaway = Annotated[bool, typer.Option("--throwaway", help="The stack keeps no data (setting throwaway).")]


def policy(file: StateFile, *, throwaway: Throwaway = False, as_json: AsJson = False) -> None:
    """Ask every policy of an exported state. Changes nothing; exit code 3 with findings."""
    from infra.policy import report, state  # noqa: PLC0415  # loads pydantic, which most verbs do without

    try:
        found = report.of(state.read(file.read_text(), throwaway=throwaway))
    except (OSError, UnicodeDecodeError, state.StateUnreadable) as err:
        raise UsageError(f"{file}: {err}") from err
    Screen(as_json=as_json).result(found)
    if found.findings:
        raise typer.Exit(RunFailed.exit_code)
