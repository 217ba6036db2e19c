"""`boka-app`: what an operator does beside serving. Results on stdout, refusals on stderr.

Exit codes as everywhere in Boka: 0 done, 1 defect of ours, 2 usage, 3 failed, 4 database unreachable, 5 refused.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from boka_app.audit.model import ChainBroken
from boka_app.demo import commands as demo
from boka_app.errors import DomainError
from boka_app.identity import commands as identity
from boka_app.migrations import runner
from boka_app.openapi.document import build
from boka_app.parts import Parts
from boka_app.settings import DatabaseSettings, Settings, SettingsError, load_database
from boka_app.tenants import commands as tenants
from boka_app.vault import Vault
from boka_app.worker import queue

Result = tuple[dict[str, Any], str]
_FAILED, _UNREACHABLE, _REFUSED = 3, 4, 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="boka-app", description="Operate the booking service's database.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    migrate = commands.add_parser("migrate", help="change the schema, as booking_owner").add_subparsers(
        required=True, metavar="up|status|down-to"
    )
    _add(migrate, "up", "apply what is pending; waits for another run", _migrate_up, common)
    _add(migrate, "status", "list what is applied and pending", _migrate_status, common)
    down = _add(migrate, "down-to", "take back all after N; 0 removes every table and row", _migrate_down, common)
    down.add_argument("number", type=int, metavar="N")
    demo.register(commands, _add, common)
    _add(commands, "openapi", "print the OpenAPI document", _openapi, common)
    _add(commands, "worker", "relay events and carry out jobs until stopped", _worker, common)
    jobs = commands.add_parser("jobs", help="see and repeat the worker's jobs").add_subparsers(
        required=True, metavar="list|retry"
    )
    shown = _add(jobs, "list", "list jobs, newest first, 200 at most", _jobs_list, common)
    shown.add_argument("--status", choices=["waiting", "failed"], default="failed")
    shown.add_argument("--job", help="only jobs of this name")
    retry = _add(jobs, "retry", "queue failed jobs again: one by number, or all of a name", _jobs_retry, common)
    retry.add_argument("job", metavar="NUMBER|NAME")
    identity.register(commands, _add, common)
    tenants.register(commands, _add, common)
    return parser


def _add(
    commands: Any,  # noqa: ANN401  argparse keeps the type to itself
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], Result],
    common: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, parents=[common])
    command.set_defaults(run=run)
    return command


def _migrate_up(_arguments: argparse.Namespace) -> Result:
    with _connect() as conn:
        done = runner.up(conn)
    return {"applied": done}, f"applied {len(done)}: {', '.join(done)}" if done else "nothing pending"


def _migrate_status(_arguments: argparse.Namespace) -> Result:
    with _connect() as conn:
        applied = runner.applied_in(conn)
    todo = [m.name for m in runner.pending(applied)]
    lines = [f"applied  {row.applied_at:%Y-%m-%d %H:%M:%S%z}  {row.name}" for row in applied]
    lines += [f"pending  {name}" for name in todo]
    return {"applied": [row.name for row in applied], "pending": todo}, "\n".join(lines)


def _migrate_down(arguments: argparse.Namespace) -> Result:
    with _connect() as conn:
        done = runner.down_to(conn, arguments.number)
    return {"taken_back": done}, f"took back {len(done)}: {', '.join(done)}" if done else "nothing to take back"


def _worker(_arguments: argparse.Namespace) -> Result:
    from boka_app.worker.process import main  # noqa: PLC0415  only this command loads the worker

    main(os.environ)
    return {"stopped": True}, "the worker stopped"


def _jobs_list(arguments: argparse.Namespace) -> Result:
    statuses = {"waiting": ["todo", "doing"], "failed": ["failed"]}[arguments.status]
    with _connect() as conn:
        found = queue.list_jobs(conn, statuses, arguments.job)
    lines = [f"{job.id:>8}  {job.changed_at:%Y-%m-%d %H:%M:%S%z}  {job.name}  {job.args}" for job in found]
    return {"jobs": msgspec.to_builtins(found)}, "\n".join(lines) or f"no job is {arguments.status}"


def _jobs_retry(arguments: argparse.Namespace) -> Result:
    with _connect() as conn:
        count = queue.retry(conn, arguments.job)
    return {"retried": count}, f"queued {count} again. See them: boka-app jobs list --status waiting"


def _openapi(_arguments: argparse.Namespace) -> Result:
    from boka_app.database import make_pool  # noqa: PLC0415  only this command loads the service
    from boka_app.main import routes  # noqa: PLC0415

    nowhere = DatabaseSettings(
        host="", port=0, name="", user="", sslmode="", sslrootcert=None, password=None, pool_max=1
    )
    settings = Settings(
        database=nowhere, valkey=None, release="", public_url="", signing_keys=(b"",), encryption_keys=(b"",)
    )
    parts = Parts(settings=settings, pool=make_pool({}, max_size=1), vault=Vault(b""), now=lambda: datetime.now(UTC))
    document = build(routes(parts))
    return document, json.dumps(document, indent=2)


def _connect() -> psycopg.Connection[Any]:
    kwargs: dict[str, Any] = load_database(os.environ).connect_kwargs(application="boka-app-cli")
    return psycopg.connect(**kwargs, autocommit=True)


def _fail(code: int, text: str) -> int:
    print(f"boka-app: {text.strip()}", file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
