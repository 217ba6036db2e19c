"""What the rules found, as sentences and as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from infra.policy.model import Answer, Severity, Stack, judge_all
from infra.policy.table import RULES

# How a rule that is not asked everywhere says so, by how many stages it is asked of.
_STAGES = {1: "production", 2: "keeps data"}
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The answers of all rules about one stack."""

    stack: Stack
    answers: Sequence[Answer]
    rules: int

    @property
    def findings(self) -> list[Answer]:
        """What is bad, the worst first."""
        bad = [one for one in self.answers if one.verdict == "bad"]
        return sorted(bad, key=lambda one: (_SEVERITIES.index(one.rule.severity), one.rule.id, one.resource.urn))

    @property
    def unknown(self) -> list[Answer]:
        """What could not be answered."""
        return [one for one in self.answers if one.verdict == "unknown"]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {
            "stack": self.stack.name,
            "stage": self.stack.stage,
            "resources": len(self.stack.resources),
            "rules": self.rules,
            "good": sum(one.verdict == "good" for one in self.answers),
            "findings": [
                {**_facts(one), "severity": one.rule.severity, "seen": one.seen, "fix": one.rule.fix}
                for one in self.findings
            ],
            "unknown": [{**_facts(one), "not_known": one.seen} for one in self.unknown],
        }

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        looked = f"{self.rules} rules over {len(self.stack.resources)} resources of {self.stack.name or 'no stack'}"
        first = f"{len(self.findings)} findings, {len(self.unknown)} answers not known yet: {looked}."
        return [first, *(line for one in self.findings for line in _finding(one)), *self._not_known()]

    def _not_known(self) -> list[str]:
        if not self.unknown:
            return []
        counted = Counter(one.rule.id for one in self.unknown)
        rows = [f"  {rule:42} {number:4} resources" for rule, number in sorted(counted.items())]
        return ["Not known yet, so neither good nor bad; ask again of the state once it is made:", *rows]


def _facts(one: Answer) -> dict[str, str]:
    return {"rule": one.rule.id, "type": one.resource.type, "name": one.resource.name, "urn": one.resource.urn}


def _finding(one: Answer) -> list[str]:
    where = f"{one.resource.kind} {one.resource.name}"
    return [f"  {one.rule.severity:8}  {where}: {one.seen}. {one.rule.sentence}", f"            {one.rule.fix}"]


def of(stack: Stack) -> Report:
    """Return what all rules say of a stack."""
    return Report(stack=stack, answers=judge_all(RULES, stack), rules=len(RULES))


def page() -> str:
    """Return the reference page of all rules."""
    head = [
        "# Policies",
        "",
        f"{len(RULES)} rules that no stack may break. They are asked of the recorded programs in the tests, of a",
        "preview (`pulumi preview --policy-pack infra/policy`) and of what exists:",
        "",
        "    pulumi stack export --file state.json",
        "    boka policy state.json",
        "",
        "A value that a first preview does not know yet gives the answer *unknown*: it is counted and shown, and",
        "asked again of the state. A stack with setting `throwaway` is asked the rules without *keeps data* only.",
        "",
        "`python tests/infra/policy_rules/test_policy_reference.py` writes this page from `infra/policy/table.py`.",
    ]
    return "\n".join([*head, *(line for severity in _SEVERITIES for line in _chapter(severity))]) + "\n"


def _chapter(severity: Severity) -> list[str]:
    rows = [rule for rule in RULES if rule.severity == severity]
    title = ["", f"## {severity.capitalize()}", "", "| rule | what must hold | about | fix |", "|---|---|---|---|"]
    return [*title, *(f"| `{one.id}` | {one.sentence} | {_about(one.types, one.stages)} | {one.fix} |" for one in rows)]


def _about(types: Sequence[str], stages: Sequence[str]) -> str:
    kinds = ", ".join(f"`{token.rsplit('/', 1)[-1].rpartition(':')[2] if '/' in token else token}`" for token in types)
    return kinds if "throwaway" in stages else f"{kinds}; {_STAGES[len(stages)]}"
