"""However a live run ends, what it made is taken away, and what is left is said."""

from dataclasses import replace
from pathlib import Path

import pytest
from live_flow import Ended, Step, StepFailed, run
from live_report import told
from live_steps import steps_of, take_down

from infra import cost

UP_AGAIN = {"resources_changed": 0, "tasks_changed": 0}


class Place:
    """Answers every verb well but for those that a test changes; remembers what it was asked."""

    def __init__(self, **answers):
        self.asked = []
        self.answers = {"drift": [{"drifted": 0, "changes": {}}], "up": [{"resources_changed": 9}, UP_AGAIN]} | answers

    def boka(self, *words, limit_s):  # noqa: ARG002 - the interface
        self.asked.append(words)
        answers = self.answers.get(words[0], [])
        answer = answers.pop(0) if answers else {}
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def keep_settings(self, settings):
        self.asked.append(("keep", settings))

    @property
    def verbs(self):
        return [words[0] for words in self.asked]


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        self.now += seconds


def live(place, *, visit=lambda _: "appointment", find=list, limit_s=3600, keep_failed=False):
    clock, said = Clock(), []
    steps = steps_of(place, "settings", visit, said.append)
    ended = run(
        steps,
        lambda: take_down(place, find, said.append, clock=clock, pause=clock.pass_),
        limit_s=limit_s,
        clock=clock,
        say=said.append,
        keep_failed=keep_failed,
    )
    return ended, said


def failing(error):
    def visit(_):
        raise error

    return visit


def test_a_good_run_does_every_step_in_order_and_leaves_nothing():
    place = Place()

    ended, said = live(place)

    assert place.verbs == ["init", "keep", "doctor", "up", "drift", "up", "down"]
    assert ended.good
    assert "booked appointment" in said


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"doctor": [StepFailed("no quota")]}, "look at the accounts: no quota"),
        ({"up": [StepFailed("no capacity")]}, "raise the stack: no capacity"),
        ({"drift": [{"drifted": 2, "changes": {"update": 2}}]}, "2 resources are not as they were made"),
        ({"up": [{}, {"resources_changed": 1, "tasks_changed": 0}]}, "the second boka up changed something"),
        ({"up": [KeyboardInterrupt()]}, "raise the stack: stopped by hand"),
        ({"up": [ZeroDivisionError("ours")]}, "raise the stack: ZeroDivisionError: ours"),
    ],
    ids=["doctor", "up", "drift", "second up", "Ctrl-C", "a defect of ours"],
)
def test_whatever_fails_is_told_and_everything_is_taken_away(answers, said):
    place = Place(**answers)

    ended, _ = live(place)

    assert said in ended.failure
    assert place.verbs[-1] == "down"
    assert not ended.good


def test_a_booking_that_fails_takes_everything_away():
    place = Place()

    ended, _ = live(place, visit=failing(StepFailed("answered 503")))

    assert (ended.failure, place.verbs[-1]) == ("book an appointment: answered 503", "down")


def test_after_the_deadline_no_step_begins_and_everything_is_taken_away():
    place, clock = Place(), Clock()
    steps = [Step(name="long", act=lambda _: clock.pass_(7200)), Step(name="never", act=failing(AssertionError("ran")))]

    ended = run(steps, lambda: place.boka("down", limit_s=1) or [], limit_s=3600, clock=clock, say=lambda _: None)

    assert ended.failure == "the deadline passed before: never"
    assert place.verbs == ["down"]


def test_a_step_is_told_how_much_time_is_left():
    clock, told = Clock(), []
    steps = [Step(name="one", act=lambda _: clock.pass_(600)), Step(name="two", act=told.append)]

    run(steps, list, limit_s=3600, clock=clock, say=lambda _: None)

    assert told == [3000]


def test_a_failed_stack_is_kept_when_that_was_asked_for():
    place = Place(up=[StepFailed("no capacity")])

    ended, _ = live(place, keep_failed=True)

    assert (ended.kept, ended.good, "down" in place.verbs) == (True, False, False)


def test_a_good_stack_is_not_kept():
    place = Place()

    ended, _ = live(place, keep_failed=True)

    assert (ended.kept, place.verbs[-1]) == (False, "down")


def test_what_is_left_is_told_and_is_no_good_end():
    ended, said = live(Place(), find=lambda: ["arn:of:a:volume"])

    assert (ended.left, ended.failure, ended.good) == (["arn:of:a:volume"], "", False)
    assert "1 things are still listed, the first arn:of:a:volume" in said


def test_what_aws_forgets_within_its_minutes_is_not_left():
    listed = [["arn:of:a:nat"], ["arn:of:a:nat"], []]

    ended, _ = live(Place(), find=lambda: listed.pop(0))

    assert ended.good


def test_a_down_that_fails_once_is_tried_again_on_a_state_that_is_freed():
    place = Place(down=[StepFailed("a dependency")])

    ended, _ = live(place)

    assert (place.verbs[-3:], ended.good) == (["down", "unlock", "down"], True)


def test_a_down_that_fails_twice_is_told_with_what_is_left():
    place = Place(down=[StepFailed("a dependency"), StepFailed("again")])

    ended, _ = live(place, find=lambda: ["arn:of:a:vpc"])

    assert ended.left == ["boka down: again", "arn:of:a:vpc"]


def test_what_nobody_could_look_for_is_not_gone():
    def find():
        raise LookupError("HTTP 403")

    ended, _ = live(Place(), find=find)

    assert ended.left == ["what nobody could look for: LookupError: HTTP 403"]


def test_a_down_that_breaks_is_told_with_what_is_left():
    place = Place(down=[ValueError("no JSON"), ValueError("no JSON")])

    ended, _ = live(place, find=lambda: ["arn:of:a:vpc"])

    assert ended.left == ["boka down: no JSON", "arn:of:a:vpc"]


PRICE = cost.Estimate(
    region="eu-central-1", as_of="2025-06", items=(cost.Item(what="hosts", count=1, usd_a_month=730.0),)
)
GOOD = Ended(failure="", left=[], kept=False, took_s=1.5 * 3600)


def report(**changed):
    return "\n".join(told(replace(GOOD, **changed), PRICE, Path("/somewhere/live.run")))


def test_a_good_end_says_that_nothing_is_left_and_what_it_cost():
    text = report()

    assert text.startswith("Nothing with the stack's tags or names is left.")
    assert "It stood 1.5 h at most: 2.00 US dollars by eu-central-1's list prices of 2025-06" in text
    assert "FAILED" not in text


def test_a_failure_is_told_with_where_to_read_on():
    assert "FAILED: no capacity\nAll that boka did: /somewhere/live.run/home/journal" in report(failure="no capacity")


def test_what_is_left_is_listed_with_the_way_to_end_it():
    text = report(left=["arn:of:a:vpc"])

    assert text.startswith("LEFT BEHIND, 1 things:\n  arn:of:a:vpc")
    assert "make test-cloud LIVE=--only-down" in text


def test_a_kept_stack_is_told_with_what_it_goes_on_to_cost():
    assert report(failure="no capacity", kept=True).startswith("KEPT, as asked: it goes on to cost 1.00 US dollars an")
