"""`boka down`: nothing of the stack is left, but the journal and the caches."""

from ops import engine, removal, session, stacks, summary
from ops.commands.options import AsJson, NoWait, StackName, Yes
from ops.screen import Screen


def down(*, stack: StackName = "local", yes: Yes = False, as_json: AsJson = False, no_wait: NoWait = False) -> None:
    """Remove the stack: hosts, data, state, secrets, keys. There is no undo; backups in the stack go with it."""
    removal.refuse_lasting(stacks.named(stack))
    screen = Screen(as_json=as_json)
    if stacks.named(stack).is_local and not stacks.named(stack).state.exists():
        screen.result(summary.Removed(stack=stack, phases={}))
        return
    screen.say(f"Remove stack {stack}: its hosts, their data, its secrets and keys. This cannot be undone.")
    screen.confirm(stack, yes=yes)
    with session.opened(stack, "down", as_json=as_json, wait=not no_wait) as run:
        removal.empty_buckets(run.stack, run.screen)
        with run.record.phase("hosts"):
            engine.destroy(run.stack, run.record, run.screen)
        with run.record.phase("state"):
            removal.remove_state(run.stack)
        run.finish(summary.Removed(stack=stack, phases=run.record.phases))
