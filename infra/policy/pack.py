"""The rules as a pulumi-policy pack: `pulumi preview --policy-pack infra/policy`, with this folder on PATH.

A plain rule is asked of each resource before it is made, a wide one of the whole stack at the end. What is not known
yet is counted and reported as an advice, never as good.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from infra.policy.model import UNKNOWN, Answer, Resource, Rule, Stack, Stage, Value, judge, judge_all, stage_of
from infra.policy.table import RULES

NAME, UNANSWERED = "boka", "not-known-yet"
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}


def policies(stage: Stage) -> list[Policy]:
    """Return the table's rules for a stack of this stage, one policy a rule; the last one says what is not known."""
    doubts: Counter[str] = Counter()
    return [*(_policy(rule, stage, doubts) for rule in RULES if stage in rule.stages), _unanswered(doubts)]


def _policy(rule: Rule, stage: Stage, doubts: Counter[str]) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.concerns(args.resource_type, stage):
            _tell([judge(rule, seen(args, args.opts.parent or ""), Stack(stage=stage))], report, doubts)

    def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        if any(rule.concerns(one.resource_type, stage) for one in args.resources):
            around = Stack(stage=stage, resources=tuple(_of_stack(one) for one in args.resources))
            _tell(judge_all([rule], around), report, doubts)

    common: dict[str, Any] = {
        "name": rule.id,
        "description": rule.sentence,
        "enforcement_level": EnforcementLevel.MANDATORY,
        "severity": _SEVERITIES[rule.severity],
        "remediation_steps": rule.fix,
    }
    if rule.wide:
        return StackValidationPolicy(validate=validate_stack, **common)
    return ResourceValidationPolicy(validate=validate, **common)


def _unanswered(doubts: Counter[str]) -> Policy:
    """An advice with one line a rule: the SDK's own way is one a resource and rule, some hundred in a first preview."""

    def validate(_args: StackValidationArgs, report: ReportViolation) -> None:
        lines = [f"{rule}: {number} resources" for rule, number in sorted(doubts.items()) if number]
        doubts.clear()
        if lines:
            report("\n".join(lines), None)

    return StackValidationPolicy(
        name=UNANSWERED,
        description="Not known yet, so neither good nor bad; ask again of the state once it is made.",
        enforcement_level=EnforcementLevel.ADVISORY,
        validate=validate,
    )


def _tell(answers: Sequence[Answer], report: ReportViolation, doubts: Counter[str]) -> None:
    for one in answers:
        if one.verdict == "bad":
            report(f"{one.resource.kind} {one.resource.name}: {one.seen}. {one.rule.fix}", one.resource.urn)
        doubts[one.rule.id] += one.verdict == "unknown"


def _of_stack(one: PolicyResource) -> Resource:
    refers = {key: tuple(other.urn for other in others) for key, others in one.property_dependencies.items() if others}
    return seen(one, one.parent.urn if one.parent else "", refers)


def seen(
    one: ResourceValidationArgs | PolicyResource, parent: str, refers: Mapping[str, tuple[str, ...]] | None = None
) -> Resource:
    """Return a resource as the engine shows it: without what is retained, and without which inputs are secret."""
    return Resource(
        type=one.resource_type,
        name=one.name,
        urn=one.urn,
        inputs=cast("dict[str, Any]", _plain(one.props)),
        protect=one.opts.protect,
        retain=None,
        parent=parent,
        provider=one.provider.name if one.provider else None,
        secrets=None,
        refers=refers or {},
    )


def _plain(value: Value) -> Value:
    if isinstance(value, Mapping):
        found = cast("Mapping[str, Any]", value)
        return {key: _read(lambda key=key: found[key]) for key in found}
    if isinstance(value, Sequence) and not isinstance(value, str):
        listed = cast("Sequence[Any]", value)
        return [_read(lambda number=number: listed[number]) for number in range(len(listed))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read(look: Callable[[], Value]) -> Value:
    try:
        return _plain(look())
    except UnknownValueError:
        return UNKNOWN


def main() -> None:
    """Serve the pack to the engine that started it; returns when the engine is done."""
    throwaway = pulumi.runtime.get_config_env().get("boka:throwaway") == "true"
    stage = stage_of(os.environ.get("PULUMI_STACK", ""), throwaway=throwaway)
    PolicyPack(name=NAME, policies=policies(stage), enforcement_level=EnforcementLevel.MANDATORY)


if __name__ == "__main__":
    main()
