"""Holds Cloudflare inputs against the SDK's own description of them: what exists, what is required, allowed values.

Cloudflare publishes no service model beside the SDK; its descriptions say "Available values: ..." with `*` for `_`.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi_cloudflare
from recorder import Graph, Registered

_VALUES = re.compile(r"Available values: ((?:\"[^\"]*\"(?:, )?)+)")
_ARGS = re.compile(r"\b(\w+Args)\b")


def resource_class(one: Registered) -> type:
    """The SDK's class of a resource."""
    return getattr(pulumi_cloudflare, one.type.split(":")[-1])


def wrong(graph: Graph) -> list[str]:
    """Everything that is not as described."""
    made = [one for one in graph.resources if one.type.startswith("cloudflare:")]
    return [text for one in made for text in _resource(one)]


def _resource(one: Registered) -> Iterator[str]:
    kind = inspect.getmodule(resource_class(one)).__dict__[f"{resource_class(one).__name__}Args"]
    yield from _block(kind, one.inputs, f"{one.type} {one.name}")


def _block(kind: type, given: Mapping[str, Any], where: str) -> Iterator[str]:
    described = {name: part for name, part in vars(kind).items() if isinstance(part, property)}
    named = {_camel(name): part for name, part in described.items()}
    required = {
        _camel(name)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if name in described and parameter.default is inspect.Parameter.empty
    }
    yield from (f"{where}: {name} does not exist" for name in given if name not in named)
    yield from (f"{where}: {name} is required" for name in required - set(given))
    for name, value in given.items():
        if name in named:
            yield from _value(named[name], value, f"{where}.{name}")


def _value(described: property, value: Any, where: str) -> Iterator[str]:
    allowed = _VALUES.search(" ".join((described.fget.__doc__ or "").split()))
    each = value if isinstance(value, list) else [value]
    if allowed:
        values = {text.replace("*", "_") for text in re.findall(r'"([^"]*)"', allowed[1])}
        yield from (f"{where}: {one!r} is none of {sorted(values)}" for one in each if one not in values)
    annotation = str(described.fget.__annotations__["return"])
    inside = _ARGS.search(annotation.replace("ForwardRef", ""))
    if inside:
        kind = getattr(pulumi_cloudflare, inside[1])
        blocks = value.values() if "Mapping[" in annotation else each
        for one in blocks:
            yield from _block(kind, one, where)


def _camel(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(part.capitalize() for part in more)
