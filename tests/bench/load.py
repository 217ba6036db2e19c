"""Load from the same machine: closed loop by wrk, open loop by clients that start at fixed times."""

import asyncio
import json
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SCRIPTS = Path(__file__).parent / "wrk"
CONNECTIONS = 8


def closed_loop(url: str, script: str, *arguments: str, seconds: int, connections: int = CONNECTIONS) -> dict[str, Any]:
    """Return what wrk saw: each connection asks again as soon as it was answered."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(SCRIPTS / f"{script}.lua"), url]
    told = subprocess.run([*argv, "--", *arguments], capture_output=True, text=True, check=True).stdout
    found = re.search(r"^RESULT (.+)$", told, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk told no result: {told}")
    return json.loads(found[1])


def open_loop(url: str, paths: list[str], *, per_s: float, seconds: int) -> dict[str, Any]:
    """Return what users would see who come at a fixed rate, whether or not the others were answered."""
    return asyncio.run(_open_loop(url, paths, per_s, seconds))


async def _open_loop(url: str, paths: list[str], per_s: float, seconds: int) -> dict[str, Any]:
    began = time.perf_counter()
    taken = list[float]()

    async def one(number: int) -> None:
        due = began + number / per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await _get(url, paths[number % len(paths)])
        taken.append((time.perf_counter() - due) * 1000)  # from when it was due: a late start counts

    await asyncio.gather(*(one(number) for number in range(int(per_s * seconds))))
    cuts = statistics.quantiles(taken, n=100)
    return {"offered_per_s": per_s, "requests": len(taken)} | {f"p{n}_ms": round(cuts[n - 1], 1) for n in (50, 95, 99)}


async def _get(url: str, path: str) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    status = answer.split(b" ", 2)[1]
    if status != b"200":
        raise RuntimeError(f"{path} was answered {status.decode()}")
