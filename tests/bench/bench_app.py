"""Bench the booking service on this machine, beside its database and cache: `make bench`. One JSON line a figure.

Load generator, servers, PostgreSQL and Valkey share the machine's cores. Peers do the same work in the same run:
granian serves our application, and a plain FastAPI and SQLAlchemy service answers from the same tables.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from dataset import STEP, Business, add_group, connect, make_business, write_lines
from load import closed_loop, open_loop
from servers import BIN, running

PORT = 18080
WITHOUT_CACHE = {"BOKA_VALKEY_HOST": ""}
RACERS = 32
# Two live visits of one employee at one time; two customers on one seat; more seats than the group has.
DOUBLE_BOOKINGS = """
with live as (
    select a.* from appointment a where a.tenant_id = %s and a.status in ('held', 'pending', 'confirmed')
)
select
    (
        select count(*) from live a join live b
        on a.employee_id = b.employee_id and a.id < b.id and a.occupied && b.occupied
        where a.kind <> 'seat' and b.kind <> 'seat'
    ),
    (select count(*) - count(distinct (parent_id, seat_no)) from live where kind = 'seat'),
    (
        select count(*) from (
            select 1 from live v join service s on s.tenant_id = v.tenant_id and s.id = v.service_id
            where v.kind = 'seat' group by v.parent_id, s.capacity having count(*) > s.capacity
        ) overfull
    )
"""
GROWTH_EMPLOYEES = (1, 10, 100, 1000)
GROWTH_VISITS = (10_000, 100_000, 1_000_000)


class Bench:
    """One run: its seconds a figure, its folder, its connection."""

    def __init__(self, seconds: int, folder: Path) -> None:
        self.seconds = seconds
        self.folder = folder
        self.conn = connect()

    def get(self, url: str, paths: list[str], *arguments: str, connections: int = 8) -> dict[str, Any]:
        file = write_lines(self.folder, "paths", paths)
        closed_loop(url, "get", file, *arguments, seconds=1, connections=connections)  # warm-up
        return closed_loop(url, "get", file, *arguments, seconds=self.seconds, connections=connections)

    def post(self, url: str, path: str, bodies: list[str], tag: str, *, seconds: int = 0) -> dict[str, Any]:
        file = write_lines(self.folder, "bodies", bodies)
        return closed_loop(url, "post", file, path, tag, seconds=seconds or self.seconds)


def tell(bench: str, **figures: Any) -> None:
    """Print one figure."""
    sys.stdout.write(json.dumps({"bench": bench, **figures}) + "\n")
    sys.stdout.flush()


def migrate() -> None:
    """Bring the database to this checkout's schema, as its owner."""
    credentials = Path(os.environ["CREDENTIALS_DIRECTORY"])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "database_password").write_text((credentials / "owner_password").read_text())
        environment = {**os.environ, "BOKA_DATABASE_USER": "booking_owner", "CREDENTIALS_DIRECTORY": folder}
        subprocess.run([f"{BIN}/boka-app", "migrate", "up"], env=environment, check=True, stdout=sys.stderr)


def bench_search(bench: Bench, week: Business, month: Business) -> None:
    """Cold, warm, unchanged and large searches."""
    cold = week.searches(days=7, weeks=8)
    with running("gunicorn", port=PORT, **WITHOUT_CACHE) as server:
        tell("start", server=server.name, ready_after_s=server.ready_after_s)
        tell("slots_cold", server=server.name, staff=5, days=7, **bench.get(server.url, cold))
        tell("slots_cold_open_loop", server=server.name, **open_loop(server.url, cold, per_s=50, seconds=bench.seconds))
        large = month.searches(days=31, weeks=1)
        tell("slots_large", server=server.name, staff=50, days=31, **bench.get(server.url, large, connections=1))
        tell("memory", server=server.name, mib_per_worker=server.mib_per_worker())
    with running("gunicorn", port=PORT) as server:
        tell("slots_warm", server=server.name, **bench.get(server.url, cold))
        tag = entity_tag(server.url + cold[0])
        tell("slots_304", server=server.name, **bench.get(server.url, cold[:1], tag))
    with running("granian", port=PORT, **WITHOUT_CACHE) as server:
        tell("slots_cold", server=server.name, staff=5, days=7, **bench.get(server.url, cold))
    with running("granian", port=PORT) as server:
        tell("slots_warm", server=server.name, **bench.get(server.url, cold))
    with running("fastapi", port=PORT) as server:
        tell("slots_cold", server=server.name, staff=5, days=7, **bench.get(server.url, cold))
        tell("memory", server=server.name, mib_per_worker=server.mib_per_worker())


def bench_book(bench: Bench) -> None:
    """Bookings of free slots of one tenant, each with key, audit and event."""
    for name in ("gunicorn", "granian", "fastapi"):
        business = make_business(bench.conn, employees=50)
        with running(name, port=PORT) as server:
            bodies = business.wishes(days=120)
            seen = bench.post(server.url, f"{business.path}/appointments", bodies, name)
            tell("book", server=name, employees=50, **seen)
    business = make_business(bench.conn, employees=5)
    with running("gunicorn", port=PORT) as server:
        bodies = business.wishes(days=120, anyone=True)
        tell(
            "book_anyone",
            server="gunicorn",
            employees=5,
            **bench.post(server.url, f"{business.path}/appointments", bodies, "any"),
        )


def bench_mixed(bench: Bench) -> None:
    """Twenty-five searches a booking over the weeks of one busy tenant: what share the cache answers."""
    business = make_business(bench.conn, employees=5, percent_busy=40, coming_days=120)
    paths = business.searches(days=7, weeks=12)
    bodies = business.wishes(days=84)
    with running("gunicorn", port=PORT) as server:
        arguments = [write_lines(bench.folder, "paths", paths), write_lines(bench.folder, "bodies", bodies)]
        seen = closed_loop(server.url, "mixed", *arguments, f"{business.path}/appointments", seconds=bench.seconds)
        counts = cache_counts(server.url)
    hits = sum(counts.get(outcome, 0) for outcome in ("hit", "not_modified", "shared"))
    share = round(100 * hits / max(sum(counts.values()), 1), 1)
    tell("mixed", server="gunicorn", searches_per_booking=25, cache_hit_percent=share, cache=counts, **seen)


def bench_race(bench: Bench, attempts: int) -> None:
    """Contended attempts by every way to a slot: 32 clients after 40 overlapping starts of two employees."""
    business = make_business(bench.conn, employees=2)
    group = add_group(bench.conn, business, capacity=3)
    starts = business.starts(days=3, step=STEP)[:40]
    employees = [str(one) for one in business.employees]
    facts = [business.path, str(business.service), str(group), *employees, *(start.isoformat() for start in starts)]
    file, seen, statuses, runs = write_lines(bench.folder, "facts", facts), 0, Counter[str](), 0
    with running("gunicorn", port=PORT) as server:
        while seen < attempts:
            runs += 1
            told = closed_loop(server.url, "contend", file, str(runs), seconds=20, connections=RACERS)
            seen += told["requests"]
            statuses.update(told["statuses"])
    twice = bench.conn.execute(DOUBLE_BOOKINGS, [business.id]).fetchone()
    tell("race", racers=RACERS, attempts=seen, double_bookings=twice and sum(twice), statuses=statuses)


def bench_growth(bench: Bench) -> None:
    """How the cost of a cold search of 5 staff x 7 days grows with the size of the tenant."""
    sizes = [("employees", n, {"employees": n, "percent_busy": 50}) for n in GROWTH_EMPLOYEES]
    # 16 starts a day and employee, half taken: 8 visits; 20 employees make 160 a day.
    sizes += [
        ("visits", n, {"employees": 20, "percent_busy": 50, "past_days": min(n // 160, 8000)}) for n in GROWTH_VISITS
    ]
    with running("gunicorn", port=PORT, **WITHOUT_CACHE) as server:
        for kind, count, size in sizes:
            business = make_business(bench.conn, **size)
            one = [f"{path}&employee={business.employees[0]}" for path in business.searches(days=7, weeks=4)]
            tell("growth_one_employee", of=kind, count=count, **bench.get(server.url, one, connections=1))
            whole = business.searches(days=7, weeks=4)
            tell("growth_all_employees", of=kind, count=count, **bench.get(server.url, whole, connections=1))


def entity_tag(url: str) -> str:
    """Return the entity tag of an answer."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  an http address of ours
        return answer.headers["ETag"]


def cache_counts(url: str) -> dict[str, float]:
    """Return how often the cache of searches answered, by outcome, over all workers."""
    with urllib.request.urlopen(f"{url}/api/metrics") as answer:  # noqa: S310  likewise
        lines = [
            line
            for line in answer.read().decode().splitlines()
            if line.startswith('cache_requests_total{cache="slots"')
        ]
    return {line.partition('outcome="')[2].partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}


@contextmanager
def metrics_folder() -> Iterator[None]:
    """Let the workers of a server share their figures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Bench the booking service; run by make bench.")
    parser.add_argument("--seconds", type=int, default=10, help="of each figure")
    parser.add_argument("--attempts", type=int, default=100_000, help="contended attempts of the race")
    parser.add_argument("--only", nargs="*", default=["search", "book", "mixed", "race", "growth"])
    given = parser.parse_args()
    migrate()
    tell("machine", cores=os.cpu_count(), load_1min=round(psutil.getloadavg()[0], 1), python=sys.version.split()[0])
    with tempfile.TemporaryDirectory() as folder, metrics_folder():
        bench = Bench(given.seconds, Path(folder))
        if "search" in given.only:
            week = make_business(bench.conn, employees=5, percent_busy=60)
            bench_search(bench, week, make_business(bench.conn, employees=50, percent_busy=60))
        if "book" in given.only:
            bench_book(bench)
        if "mixed" in given.only:
            bench_mixed(bench)
        if "race" in given.only:
            bench_race(bench, given.attempts)
        if "growth" in given.only:
            bench_growth(bench)


if __name__ == "__main__":
    main()
