"""Does every host answer, and the site, seen from this machine? Asks ports and the site; logs in nowhere."""

import asyncio
import os
import ssl
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import journal, locks, site_root
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.handover import StackFile

DEADLINE_S = 0.7  # `boka status` answers within a second; a host of ours answers within milliseconds
FAR_DEADLINE_S = 5.0  # a cloud is an internet away
_OUTSIDE = {"control", "any"}  # from where this machine may connect


@dataclass(frozen=True, slots=True)
class Check:
    """One question: does this port of this host accept a connection?"""

    host: str
    service: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back within the deadline. `problem` is empty when the answer is good."""

    host: str
    service: str
    address: str
    port: int
    problem: str
    milliseconds: float

    @property
    def good(self) -> bool:
        """The answer is the one that the right state gives."""
        return not self.problem


@dataclass(frozen=True, kw_only=True)
class Health:
    """All answers, and what boka itself knows: who works on the stack, which run was the last."""

    stack: str
    profile: str
    site: str
    answers: list[Answer]
    busy: str
    last_run: str

    @property
    def good(self) -> bool:
        """Everything answers."""
        return all(answer.good for answer in self.answers)

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self) | {"good": self.good}

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        good = sum(answer.good for answer in self.answers)
        hosts = len({answer.host for answer in self.answers} - {"site"})
        head = f"Stack {self.stack} ({self.profile}): {good} of {len(self.answers)} answers are good, {hosts} hosts."
        return [head, *self._host_lines(), *(line for line in (self.busy, self.last_run) if line), self._next()]

    def _host_lines(self) -> list[str]:
        by_host: dict[str, list[Answer]] = {}
        for answer in self.answers:
            by_host.setdefault(answer.host, []).append(answer)
        width = max(map(len, by_host), default=0)
        return [
            f"  {host:{width}}  {answers[0].address:15}  {', '.join(map(_describe, answers))}"
            for host, answers in by_host.items()
        ]

    def _next(self) -> str:
        bad = next((answer for answer in self.answers if not answer.good), None)
        if bad is None:
            return f"Next: boka open --stack {self.stack}"
        if bad.host == "site":
            return f"Next: boka verify --stack {self.stack}"
        return f"Next: boka logs {bad.host} --stack {self.stack}, or boka up --stack {self.stack} to heal it"


def plan_checks(hosts: "StackFile") -> list[Check]:
    """Return what this machine may ask: every permitted TCP flow from outside, once for each host of its target.

    On a cloud that is the bastion alone; boka verify asks the others through it.
    """
    if hosts.environment != "local":
        bastion = next(name for name, host in hosts.hosts.items() if "ops" in host.groups)
        return [Check(bastion, "ssh", hosts.endpoints["bastion"], hosts.ports["ssh"])]
    asked: dict[tuple[str, str], Check] = {}
    for flow in hosts.flows:
        if flow.protocol == "tcp" and _OUTSIDE & set(flow.sources):
            for name, host in hosts.hosts.items():
                if flow.target in host.groups:
                    asked.setdefault((name, flow.name), Check(name, flow.name, host.address, flow.port))
    order = list(hosts.hosts)
    return sorted(asked.values(), key=lambda check: order.index(check.host))


def of(stack: Stack, hosts: "StackFile") -> Health:
    """Return how the stack is now."""
    last = next((run for run in journal.runs() if run.stack == stack.name), None)
    holder = locks.holder_of(stack.name)
    return Health(
        stack=stack.name,
        profile=hosts.profile,
        site=hosts.endpoints["site"],
        answers=examine(stack, hosts),
        busy=f"Working on it now: {holder.describe(time.time())}" if holder else "",
        last_run=f"Last run: boka {last.verb}, {last.outcome}, {last.started}" if last else "",
    )


def examine(stack: Stack, hosts: "StackFile") -> list[Answer]:
    """Ask everything at once and return the answers, the site's own last."""
    return asyncio.run(_examine(stack, hosts))


async def _examine(stack: Stack, hosts: "StackFile") -> list[Answer]:
    within_s = DEADLINE_S if stack.is_local else FAR_DEADLINE_S
    ports = (_ask_port(check, within_s) for check in plan_checks(hosts))
    return await asyncio.gather(*ports, _ask_site(stack, hosts, within_s))


async def _ask_port(check: Check, within_s: float = DEADLINE_S) -> Answer:
    began = time.monotonic()
    problem = ""
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(check.address, check.port)
            writer.close()
    except OSError as err:  # TimeoutError is one
        problem = _reason(err, within_s)
    return Answer(check.host, check.service, check.address, check.port, problem, _since(began))


async def _ask_site(stack: Stack, hosts: "StackFile", within_s: float = DEADLINE_S) -> Answer:
    """Ask as a browser would: TLS with the site's name, then the service's own health.

    On a cloud by the public name: its load balancer may answer the CDN alone.
    """
    began = time.monotonic()
    address = hosts.network.virtual_address if stack.is_local else hosts.domain
    port = hosts.ports["https"]
    try:
        async with asyncio.timeout(within_s):
            root = await asyncio.to_thread(site_root.fetch, stack, hosts, deadline_s=within_s)
            problem = await _ask_service(hosts.domain, address, port, root)
    except OSError as err:  # ssl.SSLError and TimeoutError are some
        problem = _reason(err, within_s)
    return Answer("site", hosts.endpoints["site"], address, port, problem, _since(began))


async def _ask_service(domain: str, address: str, port: int, root: Path | None) -> str:
    """Return what is wrong with the service's answer, nothing when it is well."""
    context = ssl.create_default_context(cafile=str(root) if root else None)
    reader, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=domain)
    writer.write(f"GET /api/health HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).decode(errors="replace").split(" ", 2)
    writer.close()
    return "" if status[1:2] == ["200"] else f"answers {' '.join(status[1:]).strip() or 'nothing'}"


def _reason(err: OSError, within_s: float = DEADLINE_S) -> str:
    if isinstance(err, TimeoutError):
        return f"no answer within {within_s:g} s"
    if isinstance(err, ssl.SSLCertVerificationError):
        return f"certificate not trusted ({err.verify_message})"
    return os.strerror(err.errno).lower() if err.errno else str(err) or type(err).__name__


def _describe(answer: Answer) -> str:
    told = f"{answer.milliseconds:.0f} ms" if answer.good else f"FAILS: {answer.problem}"
    return f"{answer.service} {told}"


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
