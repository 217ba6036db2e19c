"""Pulumi on this checkout's own program, through its Automation API: up, preview, destroy of one stack, layer by layer.

One way only: the same work directory and program as a bare `pulumi` uses with the environment of `boka env`. Pulumi is
imported inside the functions, since it takes a second that `boka --help` and `boka status` do without.
"""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.files import make_private_folder, write_atomically
from ops import interruption, resources, settings
from ops.cloud import backend, plans
from ops.cloud import leftovers as cloud_leftovers
from ops.errors import RunFailed
from ops.journal import Run
from ops.screen import Screen
from ops.stacks import CHECKOUT, Stack

if TYPE_CHECKING:
    from pulumi.automation import Stack as PulumiStack
    from pulumi.automation.events import EngineEvent


# Without secrets: to show them, Pulumi would write a settings file with a new salt into the checkout.
_CHANGING: dict[str, Any] = {"refresh": True, "show_secrets": False}
_POLICIES = CHECKOUT / "infra" / "policy"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Pulumi did, or would do: numbers of resources by operation (`create`, `same`, ...).

    `moving` is the operation on each resource that does not stay as it is, by URN; `unseen` are the layers that could
    not be looked at.
    """

    changes: dict[str, int]
    moving: dict[str, str] = field(default_factory=dict[str, str])
    unseen: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        """How many resources were, or would be, other than they are."""
        return sum(count for operation, count in self.changes.items() if operation != "same")

    def __add__(self, other: "Outcome") -> "Outcome":
        """Both together: a stack's layers are one to its operator."""
        return Outcome(
            changes=dict(Counter(self.changes) + Counter(other.changes)),
            moving=self.moving | other.moving,
            unseen=self.unseen + other.unseen,
        )


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a preview says of one resource: the operation, and what it would then be."""

    operation: str
    urn: str
    type: str
    parent: str
    provider: str
    inputs: Mapping[str, Any]


class StateClosed(RunFailed):
    """Pulumi cannot open a layer's state: nobody is logged in, the bucket or its key is out of reach, or is gone."""

    def __init__(self, layer: str, output: str) -> None:
        why = output.rpartition("stderr:")[2].strip()
        super().__init__(f"the state of {layer} cannot be opened, so nothing was looked at or changed. {why}")


def _agreed(_: Outcome) -> None:
    """Whoever asks for no say agrees."""


def environment(stack: Stack) -> dict[str, str]:
    """Return what a bare `pulumi` needs in its environment to act on this stack."""
    import tools  # noqa: PLC0415  # loads pydantic

    folders = [str(tools.ensure("pulumi")), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    if not stack.is_local:
        folders.insert(0, str(_POLICIES))  # Pulumi looks on PATH for what starts the policies
    ours = {
        "PATH": os.pathsep.join(folders),
        "PULUMI_HOME": str(stack.pulumi / "home"),
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "BOKA_STACK": stack.name,
    }
    if stack.is_local:
        # Nothing in this state is secret, so its passphrase is empty.
        return ours | {"PULUMI_BACKEND_URL": f"file://{stack.pulumi}", "PULUMI_CONFIG_PASSPHRASE": ""}
    return ours | {"PULUMI_BACKEND_URL": backend.of(settings.cloud(stack)).url}


def up(
    stack: Stack, record: Run, screen: Screen, *, agree: Callable[[Outcome], None] = _agreed, planned: bool = False
) -> Outcome:
    """Make what exists what the program says, having looked at what exists.

    Of a cloud stack, `agree` is told first what would be done, and may refuse it. `planned` does what the kept plan
    says or nothing: a layer that the plan leaves out is left as it is.

    Raises:
        RunFailed: a resource failed; what was made before it stays and is adopted by the next run.
        PlanRefused: something else than planned would be done.
        StateHeld: another run of Pulumi has the state, or one that was killed had.
        Unsettled: what a killed run was creating may be there or not.
    """
    if stack.is_local:
        return _up(stack, stack.name, record, screen)
    _refuse_held(stack)
    cloud_leftovers.refuse_unsettled(stack)
    looks = _look_as_planned(stack, record, screen) if planned else _look_at_all(stack, record, screen)
    agree(_together(stack, looks))
    done = Outcome(changes={})
    for layer in stack.layers:
        if layer not in looks and planned:
            return done + Outcome(changes={}, unseen=(layer,))
        if layer not in looks:
            agree(_look(stack, layer, record, screen))
        done += _up(stack, layer, record, screen, plan=plans.file(plans.folder(stack), layer) if planned else None)
    return done


def _up(stack: Stack, layer: str, record: Run, screen: Screen, plan: Path | None = None) -> Outcome:
    held: dict[str, Any] = {"plan": str(plan)} if plan else {}
    selected = _select(stack, layer, screen)
    return _run(selected.up, stack, record, screen, suppress_outputs=True, **_CHANGING, **judged(stack), **held)


def preview(stack: Stack, record: Run, screen: Screen, keep_in: Path | None = None) -> Outcome:
    """Say what `up` would do, having looked at what exists, and keep Pulumi's plans in a folder. Changes nothing.

    A layer whose base was never raised is left out, and said to be: its settings are refused without one.

    Raises:
        StateHeld: another run of Pulumi has the state, or one that was killed had.
    """
    _refuse_held(stack)
    return _together(stack, _look_at_all(stack, record, screen, keep_in))


def _look_as_planned(stack: Stack, record: Run, screen: Screen) -> dict[str, Outcome]:
    now = plans.emptied(stack.pulumi / "plan")
    try:
        looks = _look_at_all(stack, record, screen, now)
        for layer in looks:
            plans.refuse_difference(stack, layer, plans.file(now, layer))
    finally:
        shutil.rmtree(now, ignore_errors=True)
    return looks


def _look_at_all(stack: Stack, record: Run, screen: Screen, keep_in: Path | None = None) -> dict[str, Outcome]:
    looks: dict[str, Outcome] = {}
    for layer in stack.layers:
        below = next(reversed(looks), None)
        if below and not cloud_leftovers.is_whole(stack, below):
            screen.say(f"layer {layer} stands on {below}, which was never raised: it is looked at after that")
            break
        looks[layer] = _look(stack, layer, record, screen, keep_in)
    return looks


def _look(stack: Stack, layer: str, record: Run, screen: Screen, keep_in: Path | None = None) -> Outcome:
    kept: dict[str, Any] = {"plan": str(plans.file(keep_in, layer))} if keep_in else {}
    return _run(_select(stack, layer, screen).preview, stack, record, screen, refresh=True, **judged(stack), **kept)


def _together(stack: Stack, looks: Mapping[str, Outcome]) -> Outcome:
    unseen = tuple(layer for layer in stack.layers if layer not in looks)
    return sum(looks.values(), Outcome(changes={}, unseen=unseen))


def judged(stack: Stack) -> dict[str, Any]:
    """Return what has the policies asked of what a cloud stack is about to be. `make up` installs no SDK for them."""
    return {} if stack.is_local else {"policy_packs": [str(_POLICIES)]}


def foresee(stack: Stack, layer: str, record: Run, screen: Screen) -> list[Step]:
    """Return what `up` would do to each resource of a layer, without a word to the screen. Changes nothing."""
    seen: list[Step] = []

    def note(event: "EngineEvent") -> None:
        if event.resource_pre_event and (new := event.resource_pre_event.metadata.new):
            operation = str(event.resource_pre_event.metadata.op.value)
            seen.append(
                Step(
                    operation=operation,
                    urn=new.urn,
                    type=new.type,
                    parent=new.parent,
                    provider=new.provider,
                    inputs=new.inputs or {},
                )
            )

    selected = _select(stack, layer, screen)
    _run(selected.preview, stack, record, screen, also=note)
    return seen


def take_over(stack: Stack, layer: str, content: Mapping[str, Any], record: Run, screen: Screen) -> None:
    """Have Pulumi remember what exists already as the layer's own; `content` is what `pulumi import --file` takes.

    Raises:
        RunFailed: one of them is not there, or the provider cannot read it. Those before it are remembered.
    """
    selected = _select(stack, layer, screen)
    screen.now("telling Pulumi what exists")

    def run(file: Path, **told: Callable[[str], None]) -> None:
        # The Automation API's own import knows no settings file of another name.
        argv = ["import", "--file", str(file), "--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
        where = ["--stack", layer, "--config-file", str(stack.settings), "--color", "never", "--suppress-outputs"]
        selected.workspace.pulumi_command.run([*argv, *where], str(CHECKOUT), {}, **told)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        file.write_text(json.dumps(content))
        _logged(partial(run, file), record, screen, [])


def drift(stack: Stack, record: Run, screen: Screen) -> Outcome:
    """Compare what exists with what Pulumi remembers. Changes neither."""
    _refuse_held(stack)
    outcome = Outcome(changes={})
    for layer in stack.layers:
        selected = _select(stack, layer, screen)
        outcome += _run(selected.preview_refresh, stack, record, screen, words=resources.DRIFT)
    return outcome


def destroy(stack: Stack, record: Run, screen: Screen) -> Outcome:
    """Remove every resource of the stack that Pulumi knows, and name those that it may not know."""
    _refuse_held(stack)
    for told in [] if stack.is_local else cloud_leftovers.unended(stack):
        screen.say(f"under way when a run was killed, so it may be left: {' '.join(cloud_leftovers.describe(told))}")
    outcome = Outcome(changes={})
    for layer in reversed(stack.layers):
        selected = _select(stack, layer, screen)
        outcome += _run(selected.destroy, stack, record, screen, **_CHANGING)
        # Both layers need the settings, and they are the user's: without this, Pulumi deletes their file.
        selected.workspace.remove_stack(layer, preserve_config=True)
    return outcome


def settle(stack: Stack, layer: str, screen: Screen, made: Mapping[str, str], *, none_made: bool) -> None:
    """Have Pulumi know what became of the creations of a killed run: `made` (id by URN) are there, other not."""
    selected, private = _select(stack, layer, screen), stack.pulumi / "settled.json"

    def pulumi(verb: str, *words: str) -> str:
        # Not by the workspace's own methods: they write the secrets in clear into a file.
        argv = ["stack", verb, "--stack", layer, *words]
        return selected.workspace.pulumi_command.run(argv, str(CHECKOUT), environment(stack)).stdout

    state = json.loads(pulumi("export"))
    state["deployment"] = cloud_leftovers.settled(state["deployment"], made, none_made=none_made)
    try:
        write_atomically(private, json.dumps(state).encode())
        pulumi("import", "--file", str(private))
    finally:
        private.unlink(missing_ok=True)


def _refuse_held(stack: Stack) -> None:
    if not stack.is_local:
        cloud_leftovers.refuse_held(stack)


def _select(stack: Stack, layer: str, screen: Screen) -> "PulumiStack":
    """Return a layer, made if need be, freed of what a killed run left: its lock, torn files, pending creates."""
    from pulumi import automation  # noqa: PLC0415  # see the module's docstring
    from pulumi.automation.errors import CommandError  # noqa: PLC0415  # as above

    from ops import leftovers  # noqa: PLC0415  # only local state has them

    make_private_folder(stack.pulumi)
    os.environ.update(environment(stack))  # PulumiCommand looks for pulumi on our own PATH
    dead_locks = leftovers.dead_locks(stack, screen.say) if stack.is_local else []
    leftovers.end_orphaned_plugins(stack)
    if stack.is_local and leftovers.mend_torn_files(stack):
        screen.say("a run that was killed left its state half-written; the state before it is taken again")
    options = automation.LocalWorkspaceOptions(
        pulumi_home=str(stack.pulumi / "home"),
        secrets_provider="passphrase" if stack.is_local else backend.required(stack),
    )
    try:
        selected = automation.create_or_select_stack(layer, work_dir=str(CHECKOUT), opts=options)
    except CommandError as err:
        raise StateClosed(layer, str(err)) from err
    if stack.settings != CHECKOUT / f"Pulumi.{layer}.yaml":
        # `pulumi stack init` knows no --config-file and leaves one with nothing but a salt or key in the checkout.
        (CHECKOUT / f"Pulumi.{layer}.yaml").unlink(missing_ok=True)
    if dead_locks:
        screen.say("a run that was killed left Pulumi's lock; its process is gone, so the lock is lifted")
        selected.cancel()
    if stack.is_local and leftovers.has_pending_creates(stack):
        screen.say("a run that was killed left creations unfinished; they are adopted or made again")
        selected.refresh(clear_pending_creates=True, config_file=str(stack.settings), show_secrets=False)
    return selected


def _run(
    operation: Callable[..., Any],
    stack: Stack,
    record: Run,
    screen: Screen,
    *,
    words: Mapping[str, str] = resources.WOULD,
    also: "Callable[[EngineEvent], None] | None" = None,
    **options: object,
) -> Outcome:
    """Run an operation, telling the screen of it; or, with `also`, that alone."""
    screen.now("asking Pulumi what exists")
    watcher = resources.Watcher(screen.say if also is None else lambda _: None, screen.now, words)

    def see(event: "EngineEvent") -> None:
        watcher.see(event)
        if also is not None:
            also(event)

    told: dict[str, Any] = {"on_event": see, "color": "never", "config_file": str(stack.settings), **options}
    try:
        _logged(partial(operation, **told), record, screen, watcher.errors)
    except RunFailed:
        _refuse_held(stack)  # by whom, where that is why
        raise
    return Outcome(changes=watcher.changes, moving=watcher.moving)


def _logged(operation: Callable[..., Any], record: Run, screen: Screen, errors: list[str]) -> None:
    """Run what takes `on_output` and `on_error`, and write what it says to the run's log; `errors` explain its end."""
    from pulumi.automation.errors import CommandError  # noqa: PLC0415  # see the module's docstring

    record.log_path.touch(mode=0o600)
    with record.log_path.open("a", encoding="utf-8") as log:

        def write(line: str) -> None:
            log.write(f"{line}\n")

        try:
            with interruption.deferred(screen.say):
                operation(on_output=write, on_error=write)
        except CommandError as err:
            raise RunFailed(resources.explain(errors, str(err), record.log_path)) from err
