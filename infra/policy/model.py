"""What rules see and what they answer: resources with their inputs and options, beside the others of their stack. Pure.

A value that is not known yet (a first preview knows no id) raises `NotKnown` where a rule reads it, and the answer is
"unknown": never good.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeVar, get_args

Severity = Literal["critical", "high", "medium", "low"]
# A throwaway stack is a staging one for live tests, which keeps no data on purpose.
Stage = Literal["local", "throwaway", "staging", "production"]
Verdict = Literal["good", "bad", "unknown"]
Value = Any  # JSON of whatever shape a provider takes
Inputs = Mapping[str, Value]
ValueT = TypeVar("ValueT")

EVERYWHERE: tuple[Stage, ...] = get_args(Stage)
KEEPS_DATA: tuple[Stage, ...] = ("staging", "production")
_STACK_TYPE = "pulumi:pulumi:Stack::"


class _Unknown:
    """The value of an input that is not known yet."""

    def __repr__(self) -> str:
        return "not known yet"


UNKNOWN = _Unknown()


class NotKnown(Exception):
    """A rule read what is not known yet, or what this way of looking does not tell."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not known yet")
        self.path = path


def at(value: Value, path: str) -> Value:
    """Return what lies at a dotted path of nested maps, None where there is nothing.

    Raises:
        NotKnown: it, or what it lies in, is not known yet.
    """
    found = value
    for key in path.split("."):
        if found is UNKNOWN:
            break
        found = found.get(key) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    if found is UNKNOWN:
        raise NotKnown(path)
    return found  # pyright: ignore[reportUnknownVariableType] - JSON


def items(value: Value, path: str) -> list[Value]:
    """Return the list at a path, empty where there is none; one map counts as a list of one."""
    found = at(value, path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]  # pyright: ignore[reportUnknownVariableType] - JSON


def told(value: ValueT | None, what: str) -> ValueT:
    """Return an option that not every way of looking tells."""
    if value is None:
        raise NotKnown(what)
    return value


def first_bad(values: Iterable[ValueT], judge: Callable[[ValueT], str]) -> str:
    """Return what is wrong with the first bad one: a bad one is bad, whatever is not known of the others."""
    doubt: NotKnown | None = None
    for value in values:
        try:
            if seen := judge(value):
                return seen
        except NotKnown as err:
            doubt = doubt or err
    if doubt is not None:
        raise doubt
    return ""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource: inputs in the provider's spelling, and options; None is an option that is not told.

    `refers` says by input which resources it was made of, so that a reference is known when its value is not.
    """

    type: str
    name: str
    urn: str
    inputs: Inputs = field(default_factory=dict[str, Any])
    protect: bool | None = False
    retain: bool | None = False
    parent: str | None = ""
    provider: str | None = ""
    secrets: frozenset[str] | None = frozenset()
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def kind(self) -> str:
        """The class name at the end of the type."""
        return self.type.rsplit(":", 1)[-1]

    @property
    def called(self) -> str:
        """Its name in the provider, as far as it is known; what others call it by when they do not refer to it."""
        given = self.inputs.get("bucket") or self.inputs.get("name")
        return given if isinstance(given, str) else ""

    def get(self, path: str) -> Value:
        """The input at a dotted path, None where there is none; raises NotKnown."""
        return at(self.inputs, path)

    def items(self, path: str) -> list[Value]:
        """The list at a dotted path; raises NotKnown."""
        return items(self.inputs, path)

    def must(self, path: str, *allowed: object) -> str:
        """Nothing if the input is one of `allowed` (any value that is not empty, if none is named), else what it is."""
        value = self.get(path)
        # True is 1 to Python and no HTTP hop limit to anyone.
        same = any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed)
        return "" if same or (not allowed and value) else f"{path} is {shown(value)}"

    def names_of(self, path: str) -> tuple[str, ...]:
        """The names of the resources that an input refers to.

        Raises:
            NotKnown: the input is there, but refers to nothing of this stack.
        """
        found = tuple(urn.rsplit("::", 1)[-1] for urn in self.refers.get(path, ()))
        if not found:
            raise NotKnown(path)
        return found

    @property
    def has_component(self) -> bool:
        """Whether it lies in a component."""
        parent = told(self.parent, "parent")
        return bool(parent) and _STACK_TYPE not in parent


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The stage that a stack is for, and what is in it."""

    stage: Stage
    resources: tuple[Resource, ...] = ()
    name: str = ""

    def of(self, kind: str) -> list[Resource]:
        """The resources whose type is of this class name."""
        return [one for one in self.resources if one.kind == kind]

    def about(self, one: Resource, kind: str, key: str) -> list[Resource]:
        """The resources of a class whose input `key` names `one`.

        Raises:
            NotKnown: none does, but of one it is not known.
        """
        beside = self.of(kind)
        found = [other for other in beside if _names(other, key, one)]
        if not found and any(other.inputs.get(key) is UNKNOWN and key not in other.refers for other in beside):
            raise NotKnown(f"{kind}.{key}")
        return found


def _names(other: Resource, key: str, one: Resource) -> bool:
    if key in other.refers:
        return one.urn in other.refers[key]
    return bool(one.called) and other.inputs.get(key) == one.called


Check = Callable[[Resource, Stack], str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A row of the table. `check` says what is wrong with a resource, or nothing; its docstring is the rule's sentence.

    A `wide` check also sees the rest of the stack, so it needs a whole one.
    """

    check: Check
    severity: Severity
    types: tuple[str, ...]
    fix: str
    stages: tuple[Stage, ...] = EVERYWHERE
    wide: bool = False

    @property
    def id(self) -> str:
        """The check's name with dashes."""
        return self.check.__name__.replace("_", "-")

    @property
    def sentence(self) -> str:
        """What must hold."""
        return re.sub(r"\s+", " ", self.check.__doc__ or "").strip()

    def concerns(self, kind: str, stage: Stage) -> bool:
        """Whether the rule is about resources of this type at this stage."""
        return stage in self.stages and any(fnmatchcase(kind, pattern) for pattern in self.types)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one rule says of one resource; `seen` is what is wrong, or which value is not known."""

    rule: Rule
    resource: Resource
    verdict: Verdict
    seen: str = ""


def judge(rule: Rule, one: Resource, stack: Stack) -> Answer:
    """Return what a rule says of a resource that it concerns."""
    around = stack if rule.wide else Stack(stage=stack.stage, name=stack.name)
    try:
        seen = rule.check(one, around)
    except NotKnown as err:
        return Answer(rule=rule, resource=one, verdict="unknown", seen=err.path)
    except ValueError as err:  # no JSON, no address: what cannot be read is not good
        seen = str(err)
    return Answer(rule=rule, resource=one, verdict="bad" if seen else "good", seen=seen)


def judge_all(rules: Iterable[Rule], stack: Stack) -> list[Answer]:
    """Return the answers of all rules about all resources that they concern."""
    return [
        judge(rule, one, stack) for rule in rules for one in stack.resources if rule.concerns(one.type, stack.stage)
    ]


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    text = "not set" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line of a table


def stage_of(stack: str, *, throwaway: bool = False) -> Stage:
    """Return the stage of a Pulumi stack: both layers of an environment are of one."""
    environment = stack.removesuffix("-base")
    if environment not in KEEPS_DATA:
        return "local"
    return "throwaway" if throwaway else "staging" if environment == "staging" else "production"
