import json
from pathlib import Path

import pytest

from infra import fleet, freshness, handover, paths, settings
from infra.local import stackfile

FIXTURE = Path(__file__).parents[1] / "fixtures" / "home" / "local" / "stack.json"


def made(stack="local"):
    described = fleet.describe(settings.load(stack, {}))
    keys = {host.name: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFixture{host.name:x<36}" for host in described.hosts}
    return handover.build(described, keys)


def test_the_stack_file_is_the_committed_sample():
    assert made().text() == FIXTURE.read_text(), "the schema or the fleet changed: write the sample anew, on purpose"


def test_the_stack_file_holds_no_secret():
    text = made().text().lower()

    assert not [word for word in ("password", "secret", "private", "token") if word in text]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "has not been raised", id="missing"),
        pytest.param("", "is empty", id="empty"),
        pytest.param("{", "is malformed", id="not JSON"),
        pytest.param('{"schema_version": 2}', "is malformed at schema_version", id="a schema of another release"),
        pytest.param(made("t0001").text(), "belongs to stack t0001", id="another stack's"),
        pytest.param(made().model_copy(update={"hosts": {}}).text(), "lists no host", id="no host"),
    ],
)
def test_an_unusable_stack_file_is_refused_with_the_command_that_mends_it(state_home, content, said):  # noqa: ARG001
    target = paths.stack_file("local")
    target.parent.mkdir(parents=True)
    if content is not None:
        target.write_text(content)

    with pytest.raises(handover.StackFileError) as refused:
        handover.read("local")

    assert said in str(refused.value)
    assert "boka up --stack local" in str(refused.value)


def test_what_was_written_is_read_back(state_home):  # noqa: ARG001
    stackfile.write("local", made().text())

    assert handover.read("local") == made()
    assert paths.stack_file("local").stat().st_mode & 0o777 == 0o600


def test_every_host_is_known_by_its_alias_and_key(state_home):  # noqa: ARG001
    stackfile.write("local", made().text())

    lines = paths.known_hosts("local").read_text().splitlines()

    assert len(lines) == len(made().hosts)
    assert lines[0].startswith("edge1.local.internal.test ssh-ed25519 ")


def checkpoint(fingerprint):
    resource = {"type": "pulumi-python:dynamic/boka:StackFile", "outputs": {"fingerprint": fingerprint}}
    return {"checkpoint": {"latest": {"resources": [resource]}}}


def test_a_stack_file_that_the_last_update_did_not_write_is_stale(state_home):  # noqa: ARG001
    state = freshness.state_file("local")
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps(checkpoint("another")))

    with pytest.raises(handover.StackFileError, match="is stale"):
        freshness.refuse_stale(made())


def test_a_stack_file_that_the_last_update_wrote_is_fresh(state_home):  # noqa: ARG001
    state = freshness.state_file("local")
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps(checkpoint(made().fingerprint())))

    freshness.refuse_stale(made())
