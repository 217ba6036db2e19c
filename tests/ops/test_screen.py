import io

import pytest

from ops.screen import NotConfirmed, Screen
from ops.summary import Removed


@pytest.fixture
def out():
    return io.StringIO()


@pytest.fixture
def err():
    return io.StringIO()


def test_progress_is_plain_lines_on_a_pipe(out, err):
    with Screen(out=out, err=err) as screen:
        screen.say("host db1 created")

    assert (out.getvalue(), err.getvalue()) == ("", "[   0 s] host db1 created\n")


def test_the_result_goes_to_stdout(out, err):
    Screen(out=out, err=err).result(Removed(stack="local", phases={"hosts": 4.2}))

    assert out.getvalue().startswith("Removed stack local in 4 s.")


def test_the_result_is_json_when_asked_for(out, err):
    Screen(as_json=True, out=out, err=err).result(Removed(stack="local", phases={}))

    assert out.getvalue() == '{\n  "stack": "local",\n  "phases": {}\n}\n'


@pytest.mark.parametrize("typed", ["", "staging\n", "Local\n"])
def test_another_name_does_not_confirm(monkeypatch, typed, err):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))

    with pytest.raises(NotConfirmed, match="Nothing was changed"):
        Screen(err=err).confirm("local", yes=False)


def test_the_name_confirms(monkeypatch, err):
    monkeypatch.setattr("sys.stdin", io.StringIO("local\n"))

    Screen(err=err).confirm("local", yes=False)
