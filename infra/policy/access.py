"""Rules about who may do what on AWS: policy documents, trust, and what services may do in our name."""

import json
from typing import Any, cast

from infra.policy.model import Resource, Stack, first_bad

Statement = dict[str, Any]
_ADMINISTRATORS = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


def statements(one: Resource, path: str) -> list[Statement]:
    """Return the statements of the policy document at a path, none where there is no document."""
    document = one.get(path)
    if not document:
        return []
    content: Any = json.loads(document) if isinstance(document, str) else document
    found = content.get("Statement", [])
    return cast("list[Statement]", found if isinstance(found, list) else [found])


def _allowed(one: Resource) -> list[Statement]:
    found = [*statements(one, "policy"), *statements(one, "assumeRolePolicy")]
    return [part for part in found if part.get("Effect") == "Allow"]


def _listed(value: object) -> list[str]:
    return [str(part) for part in cast("list[object]", value)] if isinstance(value, list) else [str(value)]


def nobody_may_do_everything(one: Resource, _: Stack) -> str:
    """No policy allows every action on every resource."""

    def everything(part: Statement) -> str:
        both = "*" in _listed(part.get("Action")) and "*" in _listed(part.get("Resource"))
        return "it allows * on *" if both else ""

    return first_bad(_allowed(one), everything)


def actions_are_named(one: Resource, _: Stack) -> str:
    """A role's policy names its actions: no service's all at once."""

    def wide(part: Statement) -> str:
        found = [action for action in _listed(part.get("Action")) if action == "*" or action.endswith(":*")]
        return f"it allows {found[0]}" if found else ""

    return first_bad(_allowed(one), wide)


def nothing_is_allowed_by_exception(one: Resource, _: Stack) -> str:
    """No policy allows all but what it names: what comes tomorrow would be allowed too."""

    def by_exception(part: Statement) -> str:
        found = sorted({"NotAction", "NotResource", "NotPrincipal"} & set(part))
        return f"it allows by {found[0]}" if found else ""

    return first_bad(_allowed(one), by_exception)


def principals_are_named(one: Resource, _: Stack) -> str:
    """No policy allows just anyone."""

    def anyone(part: Statement) -> str:
        principal = part.get("Principal")
        named = cast("dict[str, object]", principal) if isinstance(principal, dict) else {"": principal}
        return "it allows any principal" if any("*" in _listed(who) for who in named.values()) else ""

    return first_bad(_allowed(one), anyone)


def services_act_for_us_only(one: Resource, _: Stack) -> str:
    """A service may use a resource of ours on a condition only, else another account can send it."""

    def unbound(part: Statement) -> str:
        principal = part.get("Principal")
        service = cast("dict[str, object]", principal).get("Service") if isinstance(principal, dict) else None
        return f"{service} may without a condition" if service and not part.get("Condition") else ""

    return first_bad(statements(one, "policy"), unbound)


def nobody_is_administrator(one: Resource, _: Stack) -> str:
    """No role of the platform has one of AWS's policies for administrators."""
    policy = str(one.get("policyArn") or "")
    return f"policyArn is {policy}" if policy.rsplit("/", 1)[-1] in _ADMINISTRATORS else ""
