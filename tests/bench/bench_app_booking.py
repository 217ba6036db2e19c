"""Bench a running booking service that has the tenant `demo`: slot search, bookings, and races for one slot.

Closed loop over keep-alive connections; every appointment made is cancelled again. Prints one JSON line.

    python tests/bench/bench_app_booking.py --url http://127.0.0.1:8000 --seconds 5
"""

import argparse
import asyncio
import json
import ssl
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

TENANT = "/api/tenants/demo"
CONNECTIONS = 8
RACERS = 32


class Client:
    """One keep-alive connection that speaks just enough HTTP; a full client would be measured instead."""

    def __init__(self, url: str, authority: str | None) -> None:
        parts = urlsplit(url)
        self._tls = ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._tls else 80)

    async def __aenter__(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return int(head.split(" ", 2)[1]), json.loads(await self._reader.readexactly(length))


async def book(client: Client, wish: dict[str, Any]) -> tuple[int, Any]:
    return await client.ask(
        "POST", f"{TENANT}/appointments", wish, Content_Type="application/json", Idempotency_Key=uuid4().hex
    )


async def measured(clients: list[Client], jobs: Iterable[Any], work: Callable[[Client, Any], Awaitable[Any]]) -> Any:
    """Let all connections share the jobs; return their results, how many a second, and milliseconds at p50 and p95."""
    queue, results, taken = iter(jobs), list[Any](), list[float]()

    async def one(client: Client) -> None:
        for job in queue:
            began = time.perf_counter()
            results.append(await work(client, job))
            taken.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*map(one, clients))
    cuts = statistics.quantiles(taken, n=20)
    rate = len(taken) / (time.perf_counter() - began)
    return results, {"per_s": round(rate), "p50_ms": round(cuts[9], 1), "p95_ms": round(cuts[18], 1)}


def until(end: float) -> Iterable[None]:
    while time.perf_counter() < end:
        yield None


async def bench(url: str, authority: str | None, seconds: float) -> dict[str, Any]:
    async with asyncio.TaskGroup() as group:
        opening = [group.create_task(Client(url, authority).__aenter__()) for _ in range(RACERS)]
    racers = [task.result() for task in opening]
    clients = racers[:CONNECTIONS]
    _, services = await clients[0].ask("GET", f"{TENANT}/services")
    service = next(one["id"] for one in services if one["name"] == "Haircut")

    def slots(first_day: int, days: int) -> str:
        first = datetime.now(UTC).date() + timedelta(days=first_day)
        query = {"service": service, "from": first, "to": first + timedelta(days=days - 1)}
        return f"{TENANT}/slots?{urlencode(query)}"

    def wish(slot: dict[str, Any], employee: str) -> dict[str, Any]:
        customer = {"name": "Bench", "email": "bench@example.org"}
        return {"service": service, "starts_at": slot["starts_at"], "employee": employee, "customer": customer}

    week = slots(30, 7)
    _, searching = await measured(clients, until(time.perf_counter() + seconds), lambda c, _: c.ask("GET", week))
    _, month = await clients[0].ask("GET", slots(60, 31))
    # Every fourth start: a haircut with its buffer takes 55 minutes, starts are 15 apart.
    wishes = [wish(slot, one) for slot in month["slots"][::4] for one in slot["employees"]]
    answers, booking = await measured(clients, wishes, book)
    made = [answer["appointment"] | {"token": answer["token"]} for status, answer in answers if status == 201]

    async def cancel(client: Client, one: dict[str, Any]) -> None:
        await client.ask("DELETE", f"{TENANT}/appointments/{one['id']}", Authorization=f"Bearer {one['token']}")

    await measured(clients, made, cancel)
    wins = []
    for slot in month["slots"][::40]:
        raced = await asyncio.gather(*(book(racer, wish(slot, slot["employees"][0])) for racer in racers))
        won = [answer for status, answer in raced if status == 201]
        wins.append(len(won))
        for answer in won:
            await cancel(racers[0], answer["appointment"] | {"token": answer["token"]})
    for racer in racers:
        await racer.__aexit__()
    races = {"races": len(wins), "racers": RACERS, "double_bookings": sum(max(won - 1, 0) for won in wins)}
    return {"bench": "app_booking", "connections": CONNECTIONS, "slots_week": searching, "book": booking, **races}


def main() -> None:
    parser = argparse.ArgumentParser(description="Bench a running booking service that has the tenant demo.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--authority", help="file of the authority to trust for https")
    parser.add_argument("--seconds", type=float, default=5)
    given = parser.parse_args()
    result = asyncio.run(bench(given.url, given.authority, given.seconds))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
