"""What a run of Pulumi that was killed leaves in a cloud stack's state: its lock, and operations that never ended.

Pulumi itself would make what was being created once more, be it there or not. So `boka up` stops until somebody looked.
"""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ops import leftovers, resources, settings
from ops.cloud import backend
from ops.cloud.aws import Aws
from ops.cloud.backend import Backend
from ops.errors import Refused, StackLocked, UsageError
from ops.stacks import Stack

_LOCKS = ".pulumi/locks/organization/boka"
_STATES = ".pulumi/stacks/boka"
_CREATING = "creating"
_GONE = frozenset({"NoSuchBucket", "NoSuchKey"})  # that the bucket is gone is for Pulumi to say


@dataclass(frozen=True, kw_only=True)
class StateLock:
    """Who holds the state of a layer, by the lock's object in the bucket."""

    layer: str
    key: str
    user: str
    host: str
    pid: int
    since: datetime

    @property
    def lives(self) -> bool:
        """Whether its holder is a process of this machine that still runs."""
        return self.host == socket.gethostname() and leftovers.is_pulumi(self.pid)

    def describe(self, now: datetime) -> str:
        """Return who holds what, and for how long."""
        who = f"pulumi of {self.user}@{self.host} (pid {self.pid})"
        minutes = (now - self.since) / timedelta(minutes=1)
        return f"{who} holds the state of {self.layer} since {self.since:%Y-%m-%d %H:%M} UTC, for {minutes:.0f} min"


@dataclass(frozen=True, kw_only=True)
class Unended:
    """An operation that was under way when its run was killed."""

    layer: str
    operation: str
    urn: str
    type: str
    look: str

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.urn.rpartition("::")[2]


class StateHeld(StackLocked):
    """Another run of Pulumi works on the state, or one that was killed did."""

    def __init__(self, stack: str, locks: list[StateLock], now: datetime) -> None:
        told = "; ".join(lock.describe(now) for lock in locks)
        over = f"If that run is over for certain: boka unlock {stack}"
        way = "It runs on this machine: wait for it." if any(lock.lives for lock in locks) else over
        super().__init__(f"{told}. {way}")


class Unsettled(Refused):
    """Nobody knows whether a resource was made; to go on would make it twice."""

    def __init__(self, stack: str, unended: list[Unended]) -> None:
        told = "\n".join(line for one in unended for line in describe(one))
        super().__init__(
            f"a run that was killed was creating {len(unended)} resources, and did not learn whether they are there:\n"
            f"{told}\nNothing was changed. Look each up. For one that is there: boka unlock {stack} --made NAME=ID. "
            f"For all others: boka unlock {stack} --none-made"
        )


def describe(one: Unended) -> list[str]:
    """Return what was under way, and how to see what became of it."""
    return [f"  {one.operation} {one.type} {one.name}", f"    {one.urn}", f"    {one.look}"]


def refuse_held(stack: Stack) -> None:
    """Refuse to work on a state that somebody holds.

    Raises:
        StateHeld: names who.
    """
    found = locks(stack)
    if found:
        raise StateHeld(stack.name, found, datetime.now(UTC))


def refuse_unsettled(stack: Stack) -> None:
    """Refuse to make anything while it is not known what a killed run made.

    Raises:
        Unsettled: names what.
    """
    found = [one for one in unended(stack) if one.operation == _CREATING]
    if found:
        raise Unsettled(stack.name, found)


def locks(stack: Stack) -> list[StateLock]:
    """Return who holds the state of each layer."""
    at, aws = _bucket(stack)
    found: list[StateLock] = []
    for layer in stack.layers:
        prefix = f"{_LOCKS}/{layer}/"
        listed: dict[str, Any] = aws.ask("s3", "list_objects_v2", Bucket=at.bucket, Prefix=prefix, absent=_GONE) or {}
        found += [_lock(layer, one["Key"], _read(at, aws, one["Key"])) for one in listed.get("Contents", [])]
    return found


def free(stack: Stack, lock: StateLock) -> None:
    """Take away this lock, and no other that came since."""
    at, aws = _bucket(stack)
    aws.ask("s3", "delete_object", Bucket=at.bucket, Key=lock.key)


def unended(stack: Stack) -> list[Unended]:
    """Return what was under way in each layer when a run was killed."""
    region = backend.of(settings.cloud(stack)).region
    return [_unended(layer, one, region) for layer in stack.layers for one in _pending(_deployment(stack, layer))]


def _deployment(stack: Stack, layer: str) -> dict[str, Any]:
    # Not by Pulumi: to show a state, it would write a settings file of the layer into the checkout.
    state = _read(*_bucket(stack), f"{_STATES}/{layer}.json")
    return state.get("checkpoint", {}).get("latest") or {}


def is_whole(stack: Stack, layer: str) -> bool:
    """Tell whether a layer was ever raised to its end: a program hands out its outputs last."""
    there: list[dict[str, Any]] = _deployment(stack, layer).get("resources") or []
    return any(one.get("outputs") for one in there if one["type"] == "pulumi:pulumi:Stack")


def settled(deployment: Mapping[str, Any], made: Mapping[str, str], *, none_made: bool) -> dict[str, Any]:
    """Return a layer's state in which creations are settled: those in `made` (id by URN) are there, the rest is not.

    Raises:
        UsageError: the new one of two by one name cannot be taken in.
    """
    resources_there, pending = list(deployment["resources"]), _pending(deployment)
    left: list[dict[str, Any]] = []
    for one in pending:
        urn = one["resource"]["urn"]
        if one["type"] == _CREATING and urn in made:
            _refuse_second(urn, resources_there)
            resources_there.append({**one["resource"], "id": made[urn]})
        elif one["type"] != _CREATING or not none_made:
            left.append(one)
    return {**deployment, "resources": resources_there, "pending_operations": left}


def _pending(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    return deployment.get("pending_operations") or []


def _refuse_second(urn: str, present: list[dict[str, Any]]) -> None:
    if any(one["urn"] == urn for one in present):
        msg = f"{resources.thing(urn)} is there already, and a second one was being made to take its place."
        raise UsageError(f"{msg} Remove the second by hand, then: --none-made")


def by_urn(stack: Stack, unended: list[Unended], words: list[str]) -> dict[str, str]:
    """Return the ids that an operator gave as NAME=ID, by URN.

    Raises:
        UsageError: no creation of that name was under way, or more than one.
    """
    found: dict[str, str] = {}
    for word in words:
        name, _, id_ = word.partition("=")
        named = [one.urn for one in unended if one.operation == _CREATING and name in (one.name, one.urn)]
        if len(named) != 1 or not id_:
            known = ", ".join(one.name for one in unended if one.operation == _CREATING) or "none"
            msg = f"--made {word}: it takes NAME=ID of what was being created on {stack.name} ({known})."
            raise UsageError(f"{msg} Where a name is there twice, its URN in place of NAME.")
        found[named[0]] = id_
    return found


def _lock(layer: str, key: str, content: Mapping[str, Any]) -> StateLock:
    seconds = re.sub(r"\.\d+", "", content["timestamp"])  # nanoseconds
    return StateLock(
        layer=layer, key=key, user=content["username"], host=content["hostname"], pid=int(content["pid"]),
        since=datetime.fromisoformat(seconds).astimezone(UTC),
    )  # fmt: skip


def _unended(layer: str, one: Mapping[str, Any], region: str) -> Unended:
    resource = one["resource"]
    return Unended(
        layer=layer, operation=one["type"], urn=resource["urn"], type=resource["type"], look=_look(resource, region)
    )


def _look(resource: Mapping[str, Any], region: str) -> str:
    inputs: dict[str, Any] = resource.get("inputs") or {}
    tags: dict[str, Any] = inputs.get("tags") or {}
    provider = str(resource["type"]).partition(":")[0]
    if provider not in ("aws", "cloudflare"):
        return "it is made on this machine: nothing to look for"
    if provider == "aws" and "Name" in tags:
        where = f"--region {inputs.get('region') or region} --tag-filters Key=Name,Values={tags['Name']}"
        return f"look: aws resourcegroupstaggingapi get-resources {where}"
    return f"look in the account at {provider} for {inputs.get('name') or 'its like'}"


def _bucket(stack: Stack) -> tuple[Backend, Aws]:
    backend.required(stack)
    at = backend.of(settings.cloud(stack))
    return at, Aws(at.region)


def _read(at: Backend, aws: Aws, key: str) -> dict[str, Any]:
    answer = aws.ask("s3", "get_object", Bucket=at.bucket, Key=key, absent=_GONE)
    return json.loads(answer["Body"].read()) if answer else {}
