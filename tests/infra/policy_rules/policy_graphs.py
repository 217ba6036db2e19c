"""One recorded graph, in each of the three forms in which rules are asked of it."""

import json
from collections import defaultdict
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import unknown_checking_proxy
from recorder import Graph, Registered

from infra.policy import pack, state
from infra.policy.model import Answer, Resource, Stack, Stage

MOCKED = "urn:pulumi:stack::project::"  # whatever the stack, the SDK's mocks say this
SECRET = {state._SIGNATURE: state._SECRET, "ciphertext": "v1:sealed"}


def as_stack(graph: Graph, stage: Stage) -> Stack:
    """What the recorder saw."""
    return Stack(stage=stage, name=graph.stack, resources=tuple(_resource(one) for one in graph.resources))


def _resource(one: Registered) -> Resource:
    return Resource(
        type=one.type,
        name=one.name,
        urn=one.urn,
        inputs=state.opened(one.inputs),
        protect=one.protect,
        retain=one.retain,
        parent=one.parent,
        provider=one.provider,
        secrets=one.secret_inputs,
        refers=one.refers,
    )


def as_export(graph: Graph) -> str:
    """What `pulumi stack export` would write once it is made."""
    text = json.dumps({"version": 3, "deployment": {"resources": [_entry(one) for one in graph.resources]}})
    return text.replace(MOCKED, f"urn:pulumi:{graph.stack}::boka::")


def _entry(one: Registered) -> dict[str, Any]:
    return {
        "urn": one.urn,
        "type": one.type,
        "custom": one.custom,
        "inputs": {key: SECRET if key in one.secret_inputs else value for key, value in one.inputs.items()},
        "protect": one.protect,
        "retainOnDelete": one.retain,
        "parent": one.parent,
        "provider": f"urn:pulumi:x::boka::pulumi:providers:aws::{one.provider}::id" if one.provider else "",
        "propertyDependencies": {key: list(urns) for key, urns in one.refers.items()},
    }


Told = dict[str, tuple[set[str], bool]]


def told_by(answers: list[Answer]) -> Told:
    """By rule: which resources are bad, and whether any is not known."""
    found: dict[str, tuple[set[str], bool]] = {}
    for one in answers:
        bad, unknown = found.get(one.rule.id, (set[str](), False))
        found[one.rule.id] = (
            bad | ({_bare(one.resource.urn)} if one.verdict == "bad" else set()),
            unknown or one.verdict == "unknown",
        )
    return {rule: said for rule, said in found.items() if said != (set(), False)}


def _bare(urn: str) -> str:
    return urn.split("::", 2)[2]


def told_by_pack(graph: Graph, stage: Stage) -> Told:
    """The same through pulumi-policy's own objects, as its server would call the pack."""
    bad: dict[str, set[str]] = defaultdict(set)
    unknown: set[str] = set()

    def report(policy: str, text: str, urn: str | None) -> None:
        if policy == pack.UNANSWERED:
            unknown.update(line.partition(":")[0] for line in text.splitlines())
        else:
            bad[policy].add(_bare(urn or ""))

    whole, each = _whole(graph), [_one(one) for one in graph.resources]
    for policy in pack.policies(stage):
        for args in [whole] if isinstance(policy, StackValidationPolicy) else each:
            policy.validate(args, lambda text, urn=None, name=policy.name: report(name, text, urn))
    return {name: (bad.get(name, set()), name in unknown) for name in {*bad, *unknown}}


def _one(one: Registered) -> ResourceValidationArgs:
    return ResourceValidationArgs(one.type, _proxy(one), one.urn, one.name, _options(one), _provider(one))


def _whole(graph: Graph) -> StackValidationArgs:
    made = {one.urn: _alone(one) for one in graph.resources}
    for one in graph.resources:
        made[one.urn].parent = made.get(one.parent)
        named = {key: [made[urn] for urn in urns if urn in made] for key, urns in one.refers.items()}
        made[one.urn].property_dependencies = named
    return StackValidationArgs(list(made.values()))


def _alone(one: Registered) -> PolicyResource:
    return PolicyResource(one.type, _proxy(one), one.urn, one.name, _options(one), _provider(one), None, [], {})


def _proxy(one: Registered) -> Any:
    return unknown_checking_proxy(one.inputs)


def _options(one: Registered) -> PolicyResourceOptions:
    return PolicyResourceOptions(one.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [], one.parent)


def _provider(one: Registered) -> PolicyProviderResource | None:
    return PolicyProviderResource("pulumi:providers:aws", {}, "", one.provider) if one.provider else None
