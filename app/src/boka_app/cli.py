"""`boka-app`: what an operator does beside serving. Results on stdout, refusals on stderr.

Exit codes as everywhere in Boka: 0 done, 1 defect of ours, 2 usage, 3 failed, 4 database unreachable, 5 refused.
"""

import json
import os
import sys
from collections.abc import Sequence

import msgspec
import psycopg

from boka_app.audit.model import ChainBroken
from boka_app.command import Arguments, Result, command, connect, option, parser
from boka_app.demo import commands as demo
from boka_app.errors import DomainError
from boka_app.identity import commands as identity
from boka_app.migrations import runner
from boka_app.openapi.document import build
from boka_app.parts import make_parts
from boka_app.settings import DatabaseSettings, Settings, SettingsError
from boka_app.tenants import commands as tenants
from boka_app.worker import queue

WITH_COMMANDS = (demo, identity, tenants)  # to import them is to add theirs
_FAILED, _UNREACHABLE, _REFUSED = 3, 4, 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    try:
        facts, text = arguments.run(arguments)
    except (SettingsError, runner.MigrationError, DomainError) as err:
        return _fail(_REFUSED, str(err))
    except ChainBroken as err:
        return _fail(_FAILED, str(err))
    except psycopg.OperationalError as err:
        return _fail(_UNREACHABLE if err.sqlstate is None else _FAILED, f"PostgreSQL: {err}")
    except psycopg.Error as err:
        return _fail(_FAILED, f"PostgreSQL: {err}")
    print(json.dumps(facts) if arguments.json else text)  # noqa: T201  the result is for stdout
    return 0


@command("migrate up", "apply what is pending; waits for another run")
def _migrate_up(_arguments: Arguments) -> Result:
    with connect() as conn:
        done = runner.up(conn)
    return {"applied": done}, f"applied {len(done)}: {', '.join(done)}" if done else "nothing pending"


@command("migrate status", "list what is applied and pending")
def _migrate_status(_arguments: Arguments) -> Result:
    with connect() as conn:
        applied = runner.applied_in(conn)
    todo = [m.name for m in runner.pending(applied)]
    lines = [f"applied  {row.applied_at:%Y-%m-%d %H:%M:%S%z}  {row.name}" for row in applied]
    lines += [f"pending  {name}" for name in todo]
    return {"applied": [row.name for row in applied], "pending": todo}, "\n".join(lines)


@command(
    "migrate down-to",
    "take back all after N; 0 removes every table and row",
    option("number", type=int, metavar="N"),
)
def _migrate_down(arguments: Arguments) -> Result:
    with connect() as conn:
        done = runner.down_to(conn, arguments.number)
    return {"taken_back": done}, f"took back {len(done)}: {', '.join(done)}" if done else "nothing to take back"


@command("worker", "relay events and carry out jobs until stopped")
def _worker(_arguments: Arguments) -> Result:
    from boka_app.worker.process import main  # noqa: PLC0415  only this command loads the worker

    main(os.environ)
    return {"stopped": True}, "the worker stopped"


@command(
    "jobs list",
    "list jobs, newest first, 200 at most",
    option("--status", choices=["waiting", "failed"], default="failed"),
    option("--job", help="only jobs of this name"),
)
def _jobs_list(arguments: Arguments) -> Result:
    statuses = {"waiting": ["todo", "doing"], "failed": ["failed"]}[arguments.status]
    with connect() as conn:
        found = queue.list_jobs(conn, statuses, arguments.job)
    lines = [f"{job.id:>8}  {job.changed_at:%Y-%m-%d %H:%M:%S%z}  {job.name}  {job.args}" for job in found]
    return {"jobs": msgspec.to_builtins(found)}, "\n".join(lines) or f"no job is {arguments.status}"


@command(
    "jobs retry",
    "queue failed jobs again: one by number, or all of a name",
    option("job", metavar="NUMBER|NAME"),
)
def _jobs_retry(arguments: Arguments) -> Result:
    with connect() as conn:
        count = queue.retry(conn, arguments.job)
    return {"retried": count}, f"queued {count} again. See them: boka-app jobs list --status waiting"


@command("openapi", "print the OpenAPI document")
def _openapi(_arguments: Arguments) -> Result:
    from boka_app.main import routes  # noqa: PLC0415  only this command loads the service

    settings = Settings(database=DatabaseSettings(password=None), signing_keys=(b"",), encryption_keys=(b"",))
    document = build(routes(make_parts(settings, "boka-app-cli")))
    return document, json.dumps(document, indent=2)


def _fail(code: int, text: str) -> int:
    print(f"boka-app: {text.strip()}", file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
