"""`boka journal`: what was done, by whom, and how it ended."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from ops import journal as records
from ops.commands.options import AsJson
from ops.journal import Run
from ops.screen import Screen

app = typer.Typer(help="Show what was done, by whom, and how it ended.")
_RECENT = 20


@dataclass(frozen=True)
class Recent:
    """The newest runs."""

    runs: list[Run]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {"runs": [asdict(run) for run in self.runs]}

    def lines(self) -> list[str]:
        """Return one line a run, the newest first."""
        rows = [
            f"{run.number:6} {run.started[:19]} {run.stack:10} {run.verb:8} {run.outcome:11} {first_line(run.summary)}"
            for run in self.runs
        ]
        return rows or ["The journal is empty."]


@dataclass(frozen=True)
class One:
    """One run in full."""

    run: Run

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self.run)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        run = self.run
        head = (
            f"Run {run.number}: boka {run.verb} on {run.stack} by {run.who}, {run.outcome} (exit code {run.exit_code})."
        )
        phases = [f"  {name:10} {seconds:7.1f} s" for name, seconds in run.phases.items()]
        return [head, f"From {run.started} to {run.ended or 'now'}.", *phases, run.summary, f"Log: {run.log}"]


@app.callback(invoke_without_command=True)
def journal(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the newest runs of all stacks."""
    if context.invoked_subcommand is None:
        Screen(as_json=as_json).result(Recent(records.runs()[:_RECENT]))


@app.command()
def show(number: Annotated[int, typer.Argument(help="Number of the run.")], *, as_json: AsJson = False) -> None:
    """Show one run in full."""
    Screen(as_json=as_json).result(One(records.read(number)))


def first_line(text: str) -> str:
    """Return the first line of a text, empty for an empty one."""
    return text.partition("\n")[0]
