"""Every setting of a stack with its meaning and the value that the stack has. Explains a wrong value too."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import settings
from ops.stacks import Stack


@dataclass(frozen=True, kw_only=True)
class Line:
    """One setting. `value` is what the settings file says, else the default."""

    key: str
    type: str
    required: bool
    default: Any
    value: Any
    is_set: bool
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All settings of one stack, and the file that decides them."""

    stack: str
    file: Path
    settings: list[Line]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {"stack": self.stack, "file": str(self.file), "settings": [vars(line) for line in self.settings]}

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        chosen = sum(line.is_set for line in self.settings)
        head = f"{self.file} sets {chosen} of the {len(self.settings)} settings of stack {self.stack}."
        return [head, *(text for line in self.settings for text in _paragraph(line))]


def of(stack: Stack) -> Explanation:
    """Explain the settings of a stack. A value is shown as the file has it, whether it is allowed or not."""
    chosen = settings.chosen(stack)
    described = settings.explain(stack)
    found = [
        Line(
            key=one.key,
            type=one.type,
            required=one.required,
            default=one.default,
            value=chosen.get(one.key, one.default),
            is_set=one.key in chosen,
            meaning=one.meaning,
        )
        for one in described
    ]
    return Explanation(stack=stack.name, file=stack.settings, settings=found)


def _paragraph(line: Line) -> list[str]:
    default = "no default" if line.required else f"default {_text(line.default)}"
    has = (
        f"= {_text(line.value)}"
        if line.is_set
        else ("NOT SET" if line.required else f"= {_text(line.value)} (default)")
    )
    return [f"boka:{line.key} {has}", f"  {line.type}; {default}", f"  {line.meaning}"]


def _text(value: Any) -> str:  # noqa: ANN401 - whatever YAML can say
    if value is None or value == "":
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
