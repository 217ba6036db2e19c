"""What policy documents say of one request, with their conditions: moto looks at actions and resources only.

Knows the operators that our documents use and raises at any other. Source: IAM user guide, "policy evaluation logic"
and "condition operators".
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

Verdict = Literal["allowed", "denied", "not granted"]


def verdict(
    documents: Iterable[str], action: str, resource: str, context: Mapping[str, str], *, who: str = ""
) -> Verdict:
    """Return what the documents of the caller and of the resource say together, within one account.

    `who` is the caller as a resource's document may name it; `context` has the condition keys.
    """
    known = {key.lower(): value for key, value in context.items()}
    effects = {
        statement["Effect"]
        for document in documents
        for statement in json.loads(document)["Statement"]
        if _speaks_of(statement, who, action, resource) and _holds(statement.get("Condition", {}), known)
    }
    return "denied" if "Deny" in effects else "allowed" if "Allow" in effects else "not granted"


def _speaks_of(statement: Mapping[str, Any], who: str, action: str, resource: str) -> bool:
    principal = statement.get("Principal", "*")
    callers = _listed(principal if isinstance(principal, str) else next(iter(principal.values())))
    return (
        bool({"*", who} & set(callers))
        and any(_like(one.lower(), action.lower()) for one in _listed(statement["Action"]))
        and any(_like(one, resource) for one in _listed(statement["Resource"]))
    )


def _holds(conditions: Mapping[str, Mapping[str, Any]], known: Mapping[str, str]) -> bool:
    return all(
        _one_holds(operator, _listed(wanted), known.get(key.lower()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _one_holds(operator: str, wanted: list[str], found: str | None) -> bool:
    if operator == "Null":
        return wanted == [str(found is None).lower()]
    positive = operator.replace("Not", "")
    any_fits = found is not None and any(_OPERATORS[positive](one, found) for one in wanted)
    return any_fits if positive == operator else not any_fits  # a negated comparison holds where the key is absent


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": str.__eq__,
    "NumericLessThan": lambda wanted, found: float(found) < float(wanted),
}
