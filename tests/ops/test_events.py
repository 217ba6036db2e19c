import json

import pytest

from ops.events import HostCounts, Recap


def line(event, **facts):
    return json.dumps({"v": 1, "at": 1.0, "event": event, **facts})


def task(name="configure | Write nginx.conf", *, handler=False):
    return line("task", name=name, handler=handler)


def host(name, outcome, message=""):
    return line("host", host=name, task="configure | Write nginx.conf", outcome=outcome, message=message)


def counts(**changed):
    return {"ok": 1, "changed": 0, "failures": 0, "unreachable": 0, "skipped": 0, **changed}


@pytest.fixture
def recap():
    return Recap()


def tell(recap, *lines):
    return [sentence for one in lines for sentence in recap.add(one)]


def test_a_play_is_told_as_it_starts(recap):
    assert tell(recap, line("play", name="Edges")) == ["Edges"]


def test_a_task_is_told_with_its_counts_when_the_next_one_starts(recap):
    said = tell(recap, task(), host("edge1", "changed"), host("edge2", "ok"), task("next"))

    assert said == ["configure | Write nginx.conf: 1 ok, 1 changed"]


@pytest.mark.parametrize("outcome", ["ok", "skipped"])
def test_a_task_that_changed_nothing_is_not_told(recap, outcome):
    assert tell(recap, task(), host("edge1", outcome), task("next")) == []


def test_who_is_still_busy_is_told(recap):
    tell(recap, task(), line("start", host="edge1"), line("start", host="edge2"), host("edge1", "ok"))

    assert recap.doing() == "configure | Write nginx.conf on edge2"


def test_a_failure_is_told_at_once(recap):
    said = tell(recap, task(), host("edge1", "failed", "no such file"))

    assert said == ['edge1 failed at "configure | Write nginx.conf": no such file']


def test_a_rescued_failure_is_no_failure_in_the_end(recap):
    tell(recap, task(), host("edge1", "failed", "x"), line("stats", hosts={"edge1": counts(rescued=1)}))

    assert recap.final_failures() == []


def test_a_failure_that_lasted_is_one_in_the_end(recap):
    tell(recap, task(), host("edge1", "unreachable", "x"), line("stats", hosts={"edge1": counts(unreachable=1)}))

    assert [(failure.host, failure.unreachable) for failure in recap.final_failures()] == [("edge1", True)]


def test_a_handler_that_changed_something_is_a_restart(recap):
    tell(recap, task("Restart nginx", handler=True), host("edge1", "changed"))

    assert recap.restarts == ["edge1: Restart nginx"]


def test_the_counts_of_each_host_come_at_the_end(recap):
    tell(recap, line("stats", hosts={"edge1": counts(ok=4, changed=2)}))

    assert recap.hosts == {"edge1": HostCounts(ok=4, changed=2)}


@pytest.mark.parametrize("unknown", ["", "{", '{"v": 2, "event": "task"}', line("weather"), '{"v": 1'])
def test_what_nobody_knows_is_passed_over(recap, unknown):
    assert tell(recap, unknown) == []
