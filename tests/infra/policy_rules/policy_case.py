"""How an example of a rule is said: what is good, what of it makes it bad, what a first preview does not know."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from infra.policy.model import UNKNOWN, Resource, Stack

Inputs = Mapping[str, Any]


def urn_of(kind: str, name: str) -> str:
    return f"urn:pulumi:production::boka::{kind}::{name}"


def made(
    kind: str, name: str = "one", refers: Mapping[str, tuple[str, ...]] | None = None, /, **inputs: Any
) -> Resource:
    return Resource(
        type=kind,
        name=name,
        urn=urn_of(kind, name),
        inputs=inputs,
        parent="urn:pulumi:production::boka::boka:aws:Network::network",
        provider="main",
        protect=True,
        retain=True,
        refers=refers or {},
    )


@dataclass(frozen=True, kw_only=True)
class Example:
    """`bad` and `unknown` change inputs of `good` by dotted path; `*_options` the options, `*_beside` what lies beside.

    `certain` says why a rule reads nothing that could be unknown; the answer then stays with all inputs unknown.
    """

    good: Resource
    bad: Inputs = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    bad_options: Inputs = field(default_factory=dict)
    unknown_options: Inputs = field(default_factory=dict)
    beside: tuple[Resource, ...] = ()
    bad_beside: tuple[Resource, ...] | None = None
    unknown_beside: tuple[Resource, ...] | None = None
    certain: str = ""

    def case(self, verdict: str, stage: str) -> tuple[Resource, Stack]:
        """The resource of one case, and its stack."""
        one, beside = {"good": self._good, "bad": self._bad, "unknown": self._unknown}[verdict]()
        return one, Stack(stage=stage, resources=(one, *beside))  # type: ignore[arg-type]

    def _good(self):
        return self.good, self.beside

    def _bad(self):
        one = replace(self.good, **{"inputs": changed(self.good.inputs, self.bad), **self.bad_options})
        return one, self.beside if self.bad_beside is None else self.bad_beside

    def _unknown(self):
        inputs = changed(self.good.inputs, dict.fromkeys(self.unknown, UNKNOWN))
        beside = self.beside if self.unknown_beside is None else self.unknown_beside
        return replace(self.good, **{"inputs": inputs, **self.unknown_options}), beside


def changed(inputs: Inputs, changes: Inputs) -> dict[str, Any]:
    """Inputs with other values at some dotted paths."""
    found = copy.deepcopy(dict(inputs))
    for path, value in changes.items():
        *folders, last = path.split(".")
        inside: Any = found
        for key in folders:
            inside = inside[int(key)] if isinstance(inside, list) else inside.setdefault(key, {})
        inside[int(last) if isinstance(inside, list) else last] = value
    return found


def simple(kind: str, path: str, good: Any, bad: Any, /, **more: Any) -> Example:
    """One input that decides."""
    inputs = changed(more, {path: good})
    return Example(good=made(kind, **inputs), bad={path: bad}, unknown=(path,))
