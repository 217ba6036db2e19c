"""What of a released API another document breaks: each a sentence. Nothing in it is a promise that was not released."""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def breaking_changes(released: Node, current: Node) -> list[str]:
    """Return what a client of the released document would stumble over. A deprecated operation may go."""
    found: list[str] = []
    for path, methods in released["paths"].items():
        for method, before in methods.items():
            name = f"{method.upper()} {path}"
            after = current["paths"].get(path, {}).get(method)
            if after is not None:
                found += [f"{name}: {text}" for text in _of_operation(_Pair(released, current), before, after)]
            elif not before.get("deprecated"):
                found.append(f"{name} is gone and was not deprecated in a release")
    return found


class _Pair:
    """Two documents, to look up what a reference of either means."""

    def __init__(self, released: Node, current: Node) -> None:
        self._released, self._current = released, current
        self._seen: set[tuple[str, str, bool]] = set()  # a type may hold itself, and is told of once

    def resolve(self, before: Node, after: Node, *, sent: bool) -> tuple[Node, Node] | None:
        names = before.get("$ref", ""), after.get("$ref", ""), sent
        if names in self._seen:
            return None
        self._seen |= {names} if before.keys() & after.keys() & {"$ref"} else set()
        return _look_up(self._released, before), _look_up(self._current, after)


def _look_up(document: Node, node: Node) -> Node:
    name = node.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else node


def _of_operation(pair: _Pair, before: Node, after: Node) -> Iterator[str]:
    known = {(p["in"], p["name"]): p for p in before["parameters"]}
    for place in after["parameters"]:
        old = known.get((place["in"], place["name"]))
        if place["required"] and not (old and old["required"]):
            yield f"the {place['in']} parameter {place['name']} is required now"
        if old:
            yield from _of_schema(pair, old["schema"], place["schema"], place["name"], sent=True)
    if "security" in after and "security" not in before:
        yield "it is no longer open to everybody"
    yield from _of_body(pair, before.get("requestBody"), after.get("requestBody"))
    for status, answer in before["responses"].items():
        if status < "300":
            if status not in after["responses"]:
                yield f"it no longer answers {status}"
            else:
                yield from _of_content(pair, answer, after["responses"][status], "the answer", sent=False)


def _of_body(pair: _Pair, before: Node | None, after: Node | None) -> Iterator[str]:
    if after and not before:
        yield "it needs a body now"
    elif after and before:
        yield from _of_content(pair, before, after, "the body", sent=True)


def _of_content(pair: _Pair, before: Node, after: Node, where: str, *, sent: bool) -> Iterator[str]:
    for media_type, old in before.get("content", {}).items():
        new = after.get("content", {}).get(media_type)
        if new is None:
            yield f"{where} is no longer {media_type}"
        else:
            yield from _of_schema(pair, old["schema"], new["schema"], where, sent=sent)


def _of_schema(pair: _Pair, before: Node, after: Node, where: str, *, sent: bool) -> Iterator[str]:
    """Yield what is broken in a schema; `sent` is what clients send, else what they receive."""
    resolved = pair.resolve(before, after, sent=sent)
    if resolved is None:
        return
    before, after = resolved
    yield from _of_values(before, after, where)
    old, new = before.get("properties", {}), after.get("properties", {})
    if sent:
        for name in sorted(set(after.get("required", [])) - set(before.get("required", []))):
            yield f"{where} needs {name} now"
    for name in sorted(old.keys() & new.keys()):
        yield from _of_schema(pair, old[name], new[name], f"{where}'s {name}", sent=sent)
    if "items" in before and "items" in after:
        yield from _of_schema(pair, before["items"], after["items"], f"an item of {where}", sent=sent)


def _of_values(before: Node, after: Node, where: str) -> Iterator[str]:
    if _kinds(before) - _kinds(after):
        yield f"{where} may no longer be {', '.join(sorted(_kinds(before) - _kinds(after)))}"
    gone = [str(value) for value in before.get("enum", []) if value not in after.get("enum", before["enum"])]
    if gone:
        yield f"{where} no longer knows {', '.join(gone)}"
    for name in sorted(before.get("properties", {}).keys() - after.get("properties", {}).keys()):
        yield f"{where} no longer has {name}"


def _kinds(schema: Node) -> set[str]:
    if "anyOf" in schema:
        return {kind for each in schema["anyOf"] for kind in _kinds(each)}
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)
