"""What can stop a run, and the exit code that each kind of stop has.

BokaError
├── UsageError        2   the words typed make no sense
├── RunFailed         3   something was tried and did not work
├── HostUnreachable   4   a host did not answer
├── Refused           5   nothing was changed, on purpose
└── StackLocked       6   somebody else works on the stack

Exit code 1 is left for defects of ours, 0 for done (changed or not).
"""

from typing import ClassVar

DEFECT, INTERRUPTED = 1, 130


class BokaError(Exception):
    """A stop that the user can understand: what happened, what was seen, what is allowed, what to do next."""

    exit_code: ClassVar[int] = 3


class UsageError(BokaError):
    """The words typed make no sense together."""

    exit_code = 2


class RunFailed(BokaError):
    """Something was tried and did not work."""

    exit_code = 3


class HostUnreachable(BokaError):
    """A host did not answer."""

    exit_code = 4


class Refused(BokaError):
    """Nothing was changed, on purpose."""

    exit_code = 5


class StackLocked(BokaError):
    """Somebody else works on the stack."""

    exit_code = 6


# Errors of the packages below, which know no exit codes. By name: importing them costs more than most verbs take.
_OF_OTHERS = {
    "infra.settings.SettingsError": Refused.exit_code,
    "infra.handover.StackFileError": Refused.exit_code,
    "infra.local.system.LocalError": RunFailed.exit_code,
    "tools.errors.ToolError": RunFailed.exit_code,
}


def exit_code_of(err: BaseException) -> int:
    """Return the exit code of a stop; a defect of ours is what nobody foresaw."""
    if isinstance(err, BokaError):
        return err.exit_code
    if isinstance(err, KeyboardInterrupt):
        return INTERRUPTED
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(err).__mro__]
    return next((_OF_OTHERS[name] for name in names if name in _OF_OTHERS), DEFECT)
